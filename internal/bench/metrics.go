package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Names of the metrics that are read.
const (
	metricCPU = "process_cpu_seconds_total"
	metricRSS = "process_resident_memory_bytes"
)

// maxMetrics bounds the text of the metrics, in bytes.
const maxMetrics = 8 << 20

// ErrNoProcessMetrics says that the server does not tell what its process uses, which it can on
// Linux only.
var ErrNoProcessMetrics = errors.New("the metrics do not have " + metricCPU)

// Usage is what the server's process has used so far.
type Usage struct {
	CPU time.Duration
	RSS int64 // in bytes; 0 where it is not known
}

// ReadUsage reads the usage from the URL of the server's metrics.
func ReadUsage(ctx context.Context, client *http.Client, url string) (Usage, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Usage{}, err
	}
	res, err := client.Do(r)
	if err != nil {
		return Usage{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxMetrics))
	if err != nil {
		return Usage{}, err
	}
	if res.StatusCode != http.StatusOK {
		return Usage{}, fmt.Errorf("the metrics answer %d", res.StatusCode)
	}
	return parseUsage(string(text))
}

// parseUsage reads the usage from metrics in Prometheus' text format.
func parseUsage(text string) (u Usage, err error) {
	known := false
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name != metricCPU && name != metricRSS {
			continue
		}
		value, _, _ := strings.Cut(rest, " ")
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return Usage{}, fmt.Errorf("%s: %w", name, err)
		}
		if name == metricRSS {
			u.RSS = int64(number)
			continue
		}
		known, u.CPU = true, time.Duration(number*float64(time.Second))
	}
	if !known {
		return Usage{}, ErrNoProcessMetrics
	}
	return u, nil
}
