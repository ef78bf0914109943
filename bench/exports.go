package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// exports takes every order home over HTTP, as CSV and as XLSX. The other side is COPY of the very
// statement the export reads.
func (b *bench) exports(ctx context.Context) error {
	s, err := b.site(ctx, b.large())
	if err != nil {
		return err
	}
	if _, err := s.db.Pool().Exec(s.ctx, "VACUUM (ANALYZE) orders, payments"); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	statement, err := s.copyStatement(url.Values{})
	if err != nil {
		return err
	}
	type run struct{ took, first time.Duration }
	files := map[string][]run{}
	ratios := map[string][]float64{}
	var rows int64
	for round := range min(b.Rounds, 5) + 1 {
		copied, n, err := s.copyOut(ctx, statement)
		if err != nil {
			return err
		}
		rows = n
		for _, format := range []string{"csv", "xlsx"} {
			took, first, n, err := s.export(ctx, format)
			if err != nil {
				return err
			}
			if n != rows {
				return fmt.Errorf("the %s file has %d orders and COPY %d", format, n, rows)
			}
			if round > 0 {
				files[format] = append(files[format], run{took, first})
				ratios[format] = append(ratios[format], copied.Seconds()/took.Seconds())
			}
		}
	}
	for _, f := range []struct {
		format, goal  string
		gate, stretch float64
		first, aim    float64
	}{{"csv", "P7", 0.7, 0.95, 50, 20}, {"xlsx", "P8", 0.3, 0.4, 150, 50}} {
		var took, first []float64
		for _, r := range files[f.format] {
			took, first = append(took, r.took.Seconds()), append(first, milli(r.first))
		}
		b.add(figure{
			f.goal, fmt.Sprintf("%s of %d orders over HTTP ÷ COPY of the same statement", f.format, rows), middle(ratios[f.format]), "×", f.gate, f.stretch, true,
			fmt.Sprintf("%.0f orders a second", float64(rows)/middle(took)),
		})
		b.add(figure{"P9", "first byte of the " + f.format, middle(first), "ms", f.first, f.aim, false, ""})
	}
	if err := b.exportBeside(ctx, s); err != nil {
		return err
	}
	return b.exportMemory(ctx)
}

// exportMemory compares the memory of this process while it exports few and many orders.
func (b *bench) exportMemory(ctx context.Context) error {
	for _, format := range []string{"csv", "xlsx"} {
		var peaks []float64
		for _, orders := range []int{b.small(), b.large()} {
			s, err := b.site(ctx, orders)
			if err != nil {
				return err
			}
			most, stop := 0.0, make(chan struct{})
			watched := make(chan struct{})
			go func() {
				defer close(watched)
				for {
					most = max(most, resident())
					select {
					case <-stop:
						return
					case <-time.After(20 * time.Millisecond):
					}
				}
			}()
			_, _, _, err = s.export(ctx, format)
			close(stop)
			<-watched
			if err != nil {
				return err
			}
			peaks = append(peaks, most)
		}
		b.add(figure{"P10", fmt.Sprintf("memory of the %s, %d orders − %d", format, b.large(), b.small()), peaks[1] - peaks[0], "MB", 16, 6, false, fmt.Sprintf("%.0f − %.0f MB", peaks[1], peaks[0])})
	}
	return nil
}

// resident is the memory of this process in MB, or 0 where the system does not say.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 1 {
		if pages, err := strconv.ParseFloat(fields[1], 64); err == nil {
			return pages * float64(os.Getpagesize()) / (1 << 20)
		}
	}
	return 0
}

// export downloads every order and says how long that took, when the first byte came, and how many there were.
func (s *site) export(ctx context.Context, format string) (took, first time.Duration, orders int64, err error) {
	if _, err := s.db.Pool().Exec(s.ctx, "DELETE FROM exports"); err != nil { // nobody may have as many in an hour
		return 0, 0, 0, fmt.Errorf("forget exports: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/sales/orders/export."+format, nil)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("export: %w", err)
	}
	r.Header.Set("Cookie", s.cookie)
	began := time.Now()
	answer, err := s.http.Do(r)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("export: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	if _, err := io.ReadFull(answer.Body, make([]byte, 1)); err != nil {
		return 0, 0, 0, fmt.Errorf("the export is answered with %d: %w", answer.StatusCode, err)
	}
	first = time.Since(began)
	if _, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{answer.Body}, make([]byte, 64<<10)); err != nil {
		return 0, 0, 0, fmt.Errorf("download the export: %w", err)
	}
	took = time.Since(began)
	if orders, err = strconv.ParseInt(answer.Trailer.Get("X-Orders"), 10, 64); err != nil {
		return 0, 0, 0, fmt.Errorf("the export is answered with %d and does not say how many orders it has", answer.StatusCode)
	}
	return took, first, orders, nil
}

// copyStatement is COPY of the statement an export reads. COPY takes no arguments, so they are written into it.
func (s *site) copyStatement(q url.Values) (string, error) {
	user, err := s.db.UserByEmail(s.ctx, owner)
	if err != nil {
		return "", err //nolint:wrapcheck // says what it did
	}
	sql, args, err := s.db.ExportStatement(s.ctx, user.ID, q)
	if err != nil {
		return "", err //nolint:wrapcheck // says what it did
	}
	for i := len(args); i > 0; i-- {
		stores, ok := args[i-1].([]int64)
		if !ok {
			return "", fmt.Errorf("argument %d of an export is %T", i, args[i-1])
		}
		list := make([]string, len(stores))
		for n, id := range stores {
			list[n] = strconv.FormatInt(id, 10)
		}
		sql = strings.ReplaceAll(sql, "$"+strconv.Itoa(i), "'{"+strings.Join(list, ",")+"}'::bigint[]")
	}
	return "COPY (" + sql + ") TO STDOUT WITH (FORMAT csv, HEADER)", nil
}

// copyOut has the database write its own CSV, and throws it away.
func (s *site) copyOut(ctx context.Context, statement string) (took time.Duration, rows int64, err error) {
	conn, err := s.db.Pool().Acquire(s.ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("copy: %w", err)
	}
	defer conn.Release()
	began := time.Now()
	err = pgx.BeginTxFunc(ctx, conn.Conn(), pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL jit = off"); err != nil {
			return err //nolint:wrapcheck // below
		}
		tag, err := tx.Conn().PgConn().CopyTo(ctx, io.Discard, statement)
		rows = tag.RowsAffected()
		return err //nolint:wrapcheck // below
	})
	if err != nil {
		return 0, 0, fmt.Errorf("copy: %w", err)
	}
	return time.Since(began), rows, nil
}
