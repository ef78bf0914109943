package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one line of the table: a goal, what it wants, and what was measured.
type figure struct {
	goal    string  // "P1"
	what    string  // in words
	value   float64 // measured
	unit    string  // "×", "ms", "kB"
	gate    float64 // must hold
	stretch float64 // is the aim
	least   bool    // the value must be at least gate, not at most
	both    string  // the two sides of a ratio
}

func (f figure) holds(limit float64) bool {
	if f.least {
		return f.value >= limit
	}
	return f.value <= limit
}

func (f figure) verdict() string {
	switch {
	case f.holds(f.stretch):
		return "aim reached"
	case f.holds(f.gate):
		return "ok"
	}
	return "MISSED"
}

func (b *bench) add(f figure) {
	b.figures = append(b.figures, f)
	b.Log("  %-4s %s: %s (%s) %s", f.goal, f.what, number(f.value, f.unit), f.both, f.verdict())
}

func number(value float64, unit string) string {
	digits := 2
	if value >= 100 || value == float64(int(value)) {
		digits = 0
	}
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", digits, value, unit))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }

func milli(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// report prints what was measured, goal by goal.
func (b *bench) report(ctx context.Context) error {
	version := ""
	for _, s := range b.sites {
		var err error
		if version, err = s.text("SHOW server_version"); err != nil {
			return err
		}
	}
	fmt.Fprintf(b.Out, "\n%s, %d CPUs, load %s, %s, PostgreSQL %s; %d orders, %d rounds of %d requests after one to warm up\n\n",
		cpu(), runtime.NumCPU(), load(), runtime.Version(), version, b.Orders, b.Rounds, b.Requests)
	w := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "GOAL\tWHAT\tMEASURED\tGATE\tAIM\tVERDICT\tSIDES")
	missed := 0
	for _, f := range b.figures {
		sign := "≤ "
		if f.least {
			sign = "≥ "
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.goal, f.what, number(f.value, f.unit), sign+number(f.gate, ""), sign+number(f.stretch, ""), f.verdict(), f.both)
		if !f.holds(f.gate) {
			missed++
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	_, err := fmt.Fprintf(b.Out, "\n%d figures, %d miss their gate.\n", len(b.figures), missed)
	if err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

// cpu is the processor's name, where the system tells it.
func cpu() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOOS + " " + runtime.GOARCH
	}
	for line := range strings.Lines(string(data)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// load is how busy the machine was, by its own account.
func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:1], " ")
}
