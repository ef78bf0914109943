package models

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// oldTexts are the texts that the cells of an old workbook share, one behind the other.
type oldTexts struct {
	bytes []byte
	ends  []uint32
}

// at is the text with this number, from 0.
func (t *oldTexts) at(n uint32) (string, bool) {
	if uint64(n) >= uint64(len(t.ends)) {
		return "", false
	}
	begin := uint32(0)
	if n > 0 {
		begin = t.ends[n-1]
	}
	return string(t.bytes[begin:t.ends[n]]), true
}

// read takes in the table of texts, which may go on in records behind the one that was read.
func (t *oldTexts) read(w *oldWorkbook) error {
	if len(w.data) < 8 {
		return errOldWorkbook
	}
	count := binary.LittleEndian.Uint32(w.data[4:])
	part := &oldParts{w: w, rest: w.data[8:]}
	for range count {
		if err := t.add(part, true); err != nil {
			return err
		}
	}
	return nil
}

// add reads one text ([MS-XLS], XLUnicodeRichExtendedString, and XLUnicodeString when it is not shared): its length
// in letters, how they are written, and behind them, when it is shared, its formats and its phonetic reading.
func (t *oldTexts) add(part *oldParts, shared bool) error {
	head, err := part.take(3)
	if err != nil {
		return err
	}
	letters, flags := int(binary.LittleEndian.Uint16(head)), head[2]
	behind := 0
	if shared && flags&8 != 0 {
		runs, err := part.take(2)
		if err != nil {
			return err
		}
		behind += 4 * int(binary.LittleEndian.Uint16(runs))
	}
	if shared && flags&4 != 0 {
		size, err := part.take(4)
		if err != nil {
			return err
		}
		behind += int(binary.LittleEndian.Uint32(size))
	}
	if err := t.letters(part, letters, flags&1 != 0); err != nil {
		return err
	}
	t.ends = append(t.ends, uint32(len(t.bytes)))
	return part.skip(behind)
}

// letters reads so many letters. Where they go on in another record, its first byte says how they are written there.
func (t *oldTexts) letters(part *oldParts, left int, wide bool) error {
	var high rune // the first half of a letter that takes two
	for left > 0 {
		if len(part.rest) == 0 {
			if err := part.more(); err != nil {
				return err
			}
			if len(part.rest) == 0 {
				return errOldWorkbook
			}
			wide = part.rest[0]&1 != 0
			part.rest = part.rest[1:]
			continue
		}
		var letter rune
		if wide {
			pair, err := part.take(2)
			if err != nil {
				return err
			}
			letter = rune(binary.LittleEndian.Uint16(pair))
		} else {
			letter = rune(part.rest[0])
			part.rest = part.rest[1:]
		}
		left--
		switch {
		case high != 0:
			t.bytes = utf8.AppendRune(t.bytes, utf16.DecodeRune(high, letter))
			high = 0
		case letter >= 0xD800 && letter < 0xDC00:
			high = letter
		default:
			t.bytes = utf8.AppendRune(t.bytes, letter)
		}
	}
	return nil
}

// oldParts is the rest of a record and of those that continue it.
type oldParts struct {
	w    *oldWorkbook
	rest []byte
}

// more goes to the record that continues this one.
func (p *oldParts) more() error {
	if err := p.w.record(); err != nil {
		return errOldWorkbook
	}
	if p.w.kind != biffContinue {
		p.w.again = true
		return errOldWorkbook
	}
	p.rest = p.w.data
	return nil
}

// take gives n bytes that stand together. What comes before the letters of a text is never split, and between two
// texts there may be the end of a record.
func (p *oldParts) take(n int) ([]byte, error) {
	for len(p.rest) == 0 {
		if err := p.more(); err != nil {
			return nil, err
		}
	}
	if len(p.rest) < n {
		return nil, errOldWorkbook
	}
	taken := p.rest[:n]
	p.rest = p.rest[n:]
	return taken, nil
}

// skip passes over n bytes.
func (p *oldParts) skip(n int) error {
	for n > len(p.rest) {
		n -= len(p.rest)
		if err := p.more(); err != nil {
			return err
		}
	}
	p.rest = p.rest[n:]
	return nil
}
