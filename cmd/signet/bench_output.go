package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/signet/internal/bench"
)

// benchOutput is what bench prints.
type benchOutput struct {
	bench.Report
	SignatureMicroseconds float64   `json:"signature_us"`
	CheapestSignature     float64   `json:"signature_min_us"` // far below the dearest one the machine was not quiet
	DearestSignature      float64   `json:"signature_max_us"`
	LoadAverage           []float64 `json:"load_average,omitempty"` // before the run: 1, 5 and 15 minutes
}

// noisySignature is the ratio of the dearest to the cheapest signature of a run above which the
// figures are doubtful.
const noisySignature = 1.3

func (o benchOutput) write(w io.Writer) {
	rows := make([][]string, len(o.Results))
	for n, r := range o.Results {
		rows[n] = benchRow(r)
	}
	writeTable(w, []string{"WORKLOAD", "S", "REQUESTS", "RATE/S", "P50 MS", "P99 MS", "MAX MS", "ERRORS"}, rows)
	fmt.Fprintf(w, "\n%s, %s, closed loop. S = CPU of the server for one request / CPU of one RSA-2048 signature (here %.0f µs).\n",
		o.Issuer, countOf(o.Connections, "connection", "connections"), o.SignatureMicroseconds)
	for _, r := range o.Results {
		if a := r.Alone; a != nil && a.Rate > 0 && r.Rate > 0 {
			fmt.Fprintf(w, "%s: on the same 2 connections alone the rate was %.0f/s, p50 %.2f ms, p99 %.2f ms.\n", r.Name, a.Rate, a.P50, a.P99)
		}
	}
	if !o.CPUKnown {
		fmt.Fprintf(w, "S is unknown: %s. Name the metrics of this server by --metrics, such as http://127.0.0.1:9090/metrics.\n", o.CPUError)
	}
	if s := o.Signature; s.Min > 0 && float64(s.Max)/float64(s.Min) > noisySignature {
		fmt.Fprintf(w, "The machine was not quiet: a signature cost %.0f to %.0f µs. Measure again when nothing else runs.\n", microseconds(s.Min), microseconds(s.Max))
	}
	if o.LeftOver > 0 {
		fmt.Fprintf(w, "%s could not be ended; they end by themselves.\n", countOf(o.LeftOver, "session", "sessions"))
	}
}

func benchRow(r bench.Result) []string {
	if r.Skipped != "" {
		return []string{r.Name, "skipped: " + r.Skipped}
	}
	s := "unknown"
	switch {
	case r.Alone != nil:
		s = "-"
	case r.TooShort:
		s = "too short"
	case r.S > 0:
		s = strconv.FormatFloat(r.S, 'f', benchDigits(r.S), 64)
	}
	return []string{
		r.Name, s, strconv.Itoa(r.Requests), fmt.Sprintf("%.0f", r.Rate), fmt.Sprintf("%.2f", r.P50), fmt.Sprintf("%.2f", r.P99), fmt.Sprintf("%.2f", r.Max), benchErrors(r.Errors),
	}
}

// benchDigits is the number of decimals with which a ratio is meaningful.
func benchDigits(s float64) int {
	switch {
	case s >= 10:
		return 1
	case s >= .1:
		return 2
	}
	return 3
}

// benchErrors is the number of errors by status: "503 ×12".
func benchErrors(errs map[string]int) string {
	var texts []string
	for _, kind := range slices.Sorted(maps.Keys(errs)) {
		texts = append(texts, fmt.Sprintf("%s ×%d", kind, errs[kind]))
	}
	return strings.Join(texts, ", ")
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// loadAverage returns how many processes wanted to run in the last 1, 5 and 15 minutes; nil where
// the system does not say it.
func loadAverage() []float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil
	}
	var load []float64
	for _, field := range strings.Fields(string(text))[:3] {
		value, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil
		}
		load = append(load, value)
	}
	return load
}

// newBenchOutput completes a report.
func newBenchOutput(r bench.Report, load []float64) benchOutput {
	return benchOutput{
		Report: r, LoadAverage: load,
		SignatureMicroseconds: microseconds(r.Signature.Mean), CheapestSignature: microseconds(r.Signature.Min), DearestSignature: microseconds(r.Signature.Max),
	}
}

const benchBar = 24 // characters

// benchProgress returns what draws the progress of a run on a terminal, and what removes it.
func (p *process) benchProgress() (draw func(bench.Progress), finish func()) {
	line := newProgress(p.stderr, "", -1, isTerminal(p.stderr))
	return func(at bench.Progress) {
		part := (float64(at.Number-1) + min(at.Part, 1)) / float64(at.Of)
		line.show(func() string {
			return fmt.Sprintf("%s %3.0f %%  %d of %d: %s", bar(part, benchBar), 100*part, at.Number, at.Of, at.Workload)
		})
	}, line.finish
}

// bar draws how much of a whole is done.
func bar(part float64, width int) string {
	full := min(max(int(part*float64(width)), 0), width)
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", width-full) + "]"
}
