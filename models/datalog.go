package models

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// LogTable is one of the tables of the Data Log, as the URL names it.
type LogTable string

// The tables: what Fynd sent, what was mailed, what anybody sent, what was asked of gateways, what shops
// were told.
const (
	LogGofynd LogTable = "gofynd_webhook"
	LogEmails LogTable = "gofynd_email"
	LogInbox  LogTable = "webhook"
	LogCalls  LogTable = "gateway_call"
	LogNotice LogTable = "notification"
)

// LogTables are the tables in the order of the selector.
var LogTables = []LogTable{LogGofynd, LogEmails, LogInbox, LogCalls, LogNotice}

// Label is the table as the selector names it.
func (t LogTable) Label() string {
	return map[LogTable]string{LogGofynd: "Gofynd Webhook", LogEmails: "Gofynd Email", LogInbox: "All webhooks", LogCalls: "Gateway calls", LogNotice: "Notifications to shops"}[t]
}

// Permission is what reading the table takes.
func (t LogTable) Permission() Permission {
	if t == LogEmails {
		return EmailsRead
	}
	return WebhooksRead
}

// Webhooks says whether the rows of the table are webhooks.
func (t LogTable) Webhooks() bool { return t == LogGofynd || t == LogInbox }

// LogTablesOf are the tables that a role may read.
func LogTablesOf(role Role) []LogTable {
	return slices.DeleteFunc(slices.Clone(LogTables), func(t LogTable) bool { return !role.May(t.Permission()) })
}

// StoreMark says how the store_ID of a partner's webhook compares with the store that it belongs to.
type StoreMark string

// The marks. A webhook that names no store, or the right one, has none.
const (
	StoreMarkZero  StoreMark = "zero"
	StoreMarkWrong StoreMark = "wrong"
)

// LogFilter is what a person asks of the Data Log: its URL as values. Fields that a table does not have
// are left out of the URL and of the question.
type LogFilter struct {
	Table         LogTable
	GofyndOrderID string // the partner order id, or another number of the order
	Store         int64
	Event         string
	Verdict       Verdict
	State         string // of a webhook or an e-mail
	Mismatch      bool   // store_ID 0 or of another store
	Gateway       string // of a call
	Outcome       string // of a call or a notification
	Days          DayRange
	Limit         int
	After, Before string
}

// Query is the filter as the URL has it, in its shortest form.
func (f LogFilter) Query() url.Values {
	q := url.Values{"table": {string(f.Table)}}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("gofynd_order_id", f.GofyndOrderID)
	if f.Store != 0 {
		set("store", strconv.FormatInt(f.Store, 10))
	}
	switch f.Table {
	case LogCalls:
		set("gateway", f.Gateway)
		set("outcome", f.Outcome)
	case LogNotice:
		set("outcome", f.Outcome)
	case LogEmails:
		set("event", f.Event)
		set("state", f.State)
	default:
		set("event", f.Event)
		set("verdict", string(f.Verdict))
		set("state", f.State)
		if f.Mismatch {
			set("mismatch", "1")
		}
	}
	set("from", f.Days.From)
	set("to", f.Days.To)
	if f.Limit != 0 && f.Limit != DefaultOrderLimit {
		set("limit", strconv.Itoa(f.Limit))
	}
	set("after", f.After)
	set("before", f.Before)
	return q
}

// FirstPage is the filter without a place in the list.
func (f LogFilter) FirstPage() LogFilter {
	f.After, f.Before = "", ""
	return f
}

// Cleared is the filter that filters nothing.
func (f LogFilter) Cleared() LogFilter { return LogFilter{Table: f.Table, Limit: f.Limit} }

// Unfiltered says whether nothing of the table is left out.
func (f LogFilter) Unfiltered() bool {
	bare := f.FirstPage()
	bare.Limit = 0
	return len(bare.Query()) == 1
}

// DataLog is one page of a table, the newest row first.
type DataLog struct {
	Webhooks   []LogWebhook
	Emails     []LogEmail
	Calls      []LogCall
	Notices    []LogNotification
	Order      *LogOrder // whom the Gofynd Order ID box found, nil when it was empty or found nobody
	Prev, Next string    // cursors; "" when there is nothing that way
	First      bool      // nothing comes before
	Total      int       // rows that match, up to MaxTally
	More       bool      // there are more than Total
	Counted    bool      // false when counting takes longer than a page should
}

// Rows is how many rows the page has.
func (l *DataLog) Rows() int { return len(l.Webhooks) + len(l.Emails) + len(l.Calls) + len(l.Notices) }

// LogWebhook is a webhook as a row of the Data Log.
type LogWebhook struct {
	ID             int64
	Source         string
	StoreID        int64 // 0 when it is signed by no store here
	ClaimedStoreID string
	StoreMark      StoreMark
	Event          string
	Verdict        Verdict
	State          WebhookState
	Effect         string
	PartnerOrderID string
	OrderID        *int64
	DuplicateOf    *int64
	NextAt         *time.Time
	ReceivedAt     time.Time
}

// LogEmail is an e-mail, or the decision not to send it, as a row of the Data Log.
type LogEmail struct {
	ID             int64
	StoreID        int64
	OrderID        int64
	PartnerOrderID string
	WebhookID      *int64
	ClaimedStoreID string
	Kind           string // event, resend
	Event          string
	Recipient      string
	Subject        string
	State          EmailState
	Cause          EmailCause
	Why            string
	CreatedAt      time.Time
}

// Reason is Why for whoever reads it.
func (e *LogEmail) Reason() lang.Text {
	whole := Email{StoreID: e.StoreID, ClaimedStoreID: e.ClaimedStoreID, Event: e.Event, Recipient: e.Recipient, Cause: e.Cause, Why: e.Why}
	return whole.Reason()
}

// LogCall is one call to a gateway, or its word by webhook, as a row of the Data Log.
type LogCall struct {
	ID             int64
	OperationID    int64
	OrderID        int64
	StoreID        int64
	PartnerOrderID string
	Gateway        string
	Verb           gateways.Verb // refund, capture, void
	Kind           string        // send, lookup, webhook
	Outcome        string
	Detail         string
	HTTPStatus     int
	ExchangesJSON  []byte
	StartedAt      time.Time
}

// Exchanges are the requests and answers of the call, with personal data masked.
func (c *LogCall) Exchanges() []gateways.Exchange {
	var exchanges []gateways.Exchange
	if json.Unmarshal(c.ExchangesJSON, &exchanges) != nil {
		return nil
	}
	for i := range exchanges {
		exchanges[i].Request = MaskPersonal(exchanges[i].Request)
		exchanges[i].Answer = MaskPersonal(exchanges[i].Answer)
	}
	return exchanges
}
