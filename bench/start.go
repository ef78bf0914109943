package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// start starts the program as a process of its own, and asks for the order list until it comes.
func (b *bench) start(ctx context.Context) error {
	s, err := b.site(ctx, b.large())
	if err != nil {
		return err
	}
	paths := []string{orders(), orders("status", "complete"), orders("event", "REFUND_INITIATED"), orders("q", "sharma"), "/system/users", "/system/stores"}
	for range 5 {
		id, err := s.text("SELECT id::text FROM orders ORDER BY random() LIMIT 1")
		if err != nil {
			return err
		}
		paths = append(paths, "/sales/orders/"+id)
	}
	var took times
	var first, later []float64
	for round := range b.Rounds {
		p, err := b.process(ctx, s)
		if err != nil {
			return err
		}
		took = append(took, p.took)
		first = append(first, p.memory())
		if round == 0 {
			_, err = run(ctx, side{"mixed", func(ctx context.Context, n int) error {
				_, err := get(ctx, s.http, p.base+paths[n%len(paths)], s.cookie)
				return err
			}}, 10_000, 4)
			later = append(later, p.memory())
		}
		if err := errors.Join(err, p.stop()); err != nil {
			return err
		}
	}
	b.add(figure{"P19", "process start to first page", milli(took.median()), "ms", 250, 100, false, "slowest " + ms(took.at(1))})
	b.add(figure{"P19", "memory after the first page", middle(first), "MB", 40, 25, false, "resident set"})
	b.add(figure{"P19", "memory after 10 000 mixed requests", middle(later), "MB", 80, 45, false, "resident set"})
	return nil
}

// process is kartify as a process of its own.
type process struct {
	cmd  *exec.Cmd
	base string
	took time.Duration // until its first page
}

func (b *bench) process(ctx context.Context, s *site) (*process, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	p := &process{base: "http://" + addr, cmd: exec.CommandContext(ctx, b.Program, "serve", "--addr", addr)} //nolint:gosec // this very program
	p.cmd.Env = append(os.Environ(), "DATABASE_URL="+s.url, "KARTIFY_MASTER_KEY="+masterKey, "KARTIFY_SESSION_IDLE=24h", "KARTIFY_SESSION_ABSOLUTE=48h")
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", b.Program, err)
	}
	for time.Since(began) < 20*time.Second {
		if _, err := get(ctx, s.http, p.base+orders(), s.cookie); err == nil {
			p.took = time.Since(began)
			return p, nil
		} else if refused := errors.Is(err, syscall.ECONNREFUSED); !refused {
			return nil, errors.Join(err, p.stop())
		}
		time.Sleep(time.Millisecond)
	}
	return nil, errors.Join(errors.New("the process shows no page within 20 s"), p.stop())
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the process: %w", err)
	}
	_ = p.cmd.Wait() // told to end, it may say so with its status
	return nil
}

// memory is the resident set in MB, 0 where the system does not tell.
func (p *process) memory() float64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1000
		}
	}
	return 0
}
