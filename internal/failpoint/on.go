//go:build failpoint

package failpoint

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Enabled tells whether this binary has failpoints.
const Enabled = true

// variable names the environment variable that sets the points.
const variable = "SIGNET_FAILPOINTS"

// action is what happens at a point.
type action struct {
	kill, fail bool
	sleep      time.Duration
	at         int // the hit at which it happens; 0 for each
}

var (
	mu      sync.Mutex
	hits    = map[Point]int{}
	actions map[Point]action
)

func init() {
	text := os.Getenv(variable)
	fmt.Fprintf(os.Stderr, "signet: built with failpoints, for tests only: %s=%q\n", variable, text)
	if err := Set(text); err != nil {
		fmt.Fprintf(os.Stderr, "signet: %v\n", err)
		os.Exit(2)
	}
}

// Set replaces what happens where and counts hits anew; "" for nothing anywhere.
func Set(text string) error {
	parsed, err := parse(text)
	if err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	actions, hits = parsed, map[Point]int{}
	return nil
}

func parse(text string) (map[Point]action, error) {
	parsed := map[Point]action{}
	for entry := range strings.SplitSeq(text, ";") {
		if entry == "" {
			continue
		}
		name, what, _ := strings.Cut(entry, "=")
		a, err := parseAction(what)
		if err == nil && !slices.Contains(Points, Point(name)) {
			err = fmt.Errorf("no such point")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", variable, entry, err)
		}
		parsed[Point(name)] = a
	}
	return parsed, nil
}

func parseAction(text string) (a action, err error) {
	text, at, once := strings.Cut(text, "@")
	if once {
		if a.at, err = strconv.Atoi(at); err != nil || a.at < 1 {
			return a, fmt.Errorf("the hit %q is not a number from 1", at)
		}
	}
	name, argument, _ := strings.Cut(text, ":")
	switch {
	case text == "kill":
		a.kill = true
	case text == "error":
		a.fail = true
	case name == "sleep":
		a.sleep, err = time.ParseDuration(argument)
	default:
		err = fmt.Errorf("neither kill, error nor sleep")
	}
	return a, err
}

// Hit marks that the point is reached.
func Hit(p Point) error {
	a, acts := hit(p)
	switch {
	case !acts:
		return nil
	case a.kill:
		die()
	case a.fail:
		return fmt.Errorf("%s: %w", p, ErrInjected)
	}
	time.Sleep(a.sleep)
	return nil
}

// die does not return.
func die() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(fmt.Sprintf("failpoint: kill: %v", err))
	}
	select {} // until the signal is there
}

func hit(p Point) (a action, acts bool) {
	mu.Lock()
	defer mu.Unlock()
	hits[p]++
	a, set := actions[p]
	return a, set && (a.at == 0 || a.at == hits[p])
}
