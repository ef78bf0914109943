package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// journal is an append-only file of JSON lines, one per changed object. Reading it from the start
// gives the sandbox's books back: the last line of an object wins.
type journal struct {
	readers map[string]func(id string, row json.RawMessage) error // how to take a line of a table back

	mu      sync.Mutex // guards the file and the counters
	file    *os.File   // nil in memory
	written int64      // lines written
	synced  int64      // lines known to be on the disk
	failed  error      // the first write that failed; nothing is promised after it

	syncing sync.Mutex // one fsync at a time serves everybody who waits
}

// line is one line of the journal.
type line struct {
	Table string          `json:"table"`
	ID    string          `json:"id"`
	Row   json.RawMessage `json:"row"`
}

func newJournal() *journal {
	return &journal{readers: map[string]func(string, json.RawMessage) error{}}
}

// open reads path into the tables and appends to it from then on. A last line that a crash left
// unfinished is cut off; any other damage is an error.
func (j *journal) open(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	whole, err := j.replay(file)
	if err == nil {
		err = file.Truncate(whole)
	}
	if err == nil {
		_, err = file.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	j.file = file
	return nil
}

// replay feeds every whole line to its table and returns how many bytes they take.
func (j *journal) replay(r io.Reader) (int64, error) {
	var whole int64
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		raw, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil // what is left in raw was never finished
		}
		if err != nil {
			return whole, err
		}
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			return whole, fmt.Errorf("line %d: %w", n, err)
		}
		read, ok := j.readers[l.Table]
		if !ok {
			return whole, fmt.Errorf("line %d is of %q, which this sandbox does not know", n, l.Table)
		}
		if err := read(l.ID, l.Row); err != nil {
			return whole, fmt.Errorf("line %d: %w", n, err)
		}
		whole += int64(len(raw))
	}
}

// write appends one object's new state. The caller answers nobody before sync has returned.
func (j *journal) write(table, id string, row any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil || j.failed != nil {
		return
	}
	raw, err := json.Marshal(row)
	if err == nil {
		raw, err = json.Marshal(line{table, id, raw})
	}
	if err == nil {
		_, err = j.file.Write(append(raw, '\n'))
	}
	if err != nil {
		j.failed = fmt.Errorf("write the journal: %w", err)
		return
	}
	j.written++
}

// sync returns when everything written so far is on the disk.
func (j *journal) sync() error {
	j.mu.Lock()
	want := j.written
	j.mu.Unlock()

	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.mu.Lock()
	file, written, done := j.file, j.written, j.synced >= want
	err := j.failed
	j.mu.Unlock()
	if err != nil || done || file == nil {
		return err
	}
	err = file.Sync()
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.failed = fmt.Errorf("sync the journal: %w", err)
		return j.failed
	}
	j.synced = written
	return nil
}

// close syncs what is left and lets go of the file.
func (j *journal) close() error {
	err := j.sync()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return err
	}
	err = errors.Join(err, j.file.Close())
	j.file = nil
	return err
}

// compact is v as JSON without spaces, escapes of < > & or a newline at the end: bytes that a
// receiver in another language writes the same way.
func compact(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("sandbox: encode %T: %v", v, err)) // our own types only
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
