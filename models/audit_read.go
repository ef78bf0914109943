package models

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
)

// AuditFilter says which rows of the audit log are wanted. Zero fields ask for nothing.
type AuditFilter struct {
	Actor    string    // a part of the actor's name
	Action   string    // "refund.requested", or the beginning of it
	OrderID  int64     // of one order
	From, To time.Time // from the one, until before the other
	After    string    // the cursor of a page, from AuditPage
	Before   string
	Limit    int // 10 to 500
}

// AuditPage is one page of the log, the newest row first.
type AuditPage struct {
	Rows []Audit
	Next string // the cursor for After; empty on the last page
	Prev string // the cursor for Before; empty on the first page
}

// AuditLog is a page of what was done, within the scope. Rows of no store show to those who see every store.
func (db *DB) AuditLog(ctx context.Context, f AuditFilter) (*AuditPage, error) {
	limit := min(max(f.Limit, 10), 500)
	backwards := f.Before != ""
	g := db.in(ctx).Model(&Audit{}).Scopes(scoped(ctx, "audit_log"), f.scope)
	order := "at DESC, chain DESC, seq DESC"
	if backwards {
		g = beyondAudit(g, f.Before, ">")
		order = "at, chain, seq"
	} else if f.After != "" {
		g = beyondAudit(g, f.After, "<")
	}
	var rows []Audit
	if err := g.Order(order).Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	more := len(rows) > limit
	rows = rows[:min(len(rows), limit)]
	if backwards {
		for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
			rows[i], rows[j] = rows[j], rows[i]
		}
	}
	page := &AuditPage{Rows: rows}
	if len(rows) > 0 && (more || backwards) {
		page.Next = rows[len(rows)-1].cursor()
	}
	if len(rows) > 0 && (f.After != "" || backwards && more) {
		page.Prev = rows[0].cursor()
	}
	return page, nil
}

func (f AuditFilter) scope(g *gorm.DB) *gorm.DB {
	if f.Actor != "" {
		g = g.Where("actor_name ILIKE ?", "%"+likeText(f.Actor)+"%")
	}
	if f.Action != "" {
		g = g.Where("action LIKE ?", likeText(f.Action)+"%")
	}
	if f.OrderID != 0 {
		g = g.Where("order_id = ?", f.OrderID)
	}
	if !f.From.IsZero() {
		g = g.Where("at >= ?", f.From)
	}
	if !f.To.IsZero() {
		g = g.Where("at < ?", f.To)
	}
	return g
}

// cursor is where a row stands in the order of the log: its microsecond, chain and number.
func (a *Audit) cursor() string {
	return fmt.Sprintf("%d.%d.%d", a.At.UnixMicro(), a.Chain, a.Seq)
}

// beyondAudit keeps the rows beyond a cursor. A cursor that is none is passed over: the list starts at its first page.
func beyondAudit(g *gorm.DB, cursor, sign string) *gorm.DB {
	parts := strings.Split(cursor, ".")
	if len(parts) != 3 {
		return g
	}
	numbers := make([]int64, 3)
	for i, part := range parts {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return g
		}
		numbers[i] = n
	}
	return g.Where("(at, chain, seq) "+sign+" (?, ?, ?)", time.UnixMicro(numbers[0]).UTC(), numbers[1], numbers[2])
}

// likeText is text as a LIKE pattern that matches just it.
func likeText(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
