package models

import (
	"time"

	"github.com/kartify/kartify/notify"
)

// LogNotification is one attempt to tell a shop of a payment, as a row of the Data Log.
type LogNotification struct {
	ID             int64
	NotificationID int64
	PaymentID      int64
	OrderID        int64
	StoreID        int64
	PartnerOrderID string
	Series         int
	N              int
	Most           int
	Requester      string // "" for a series that began by itself
	Channel        string
	Receiver       string
	Outcome        notify.Outcome // "" while it runs
	HTTPStatus     int
	Problem        string
	Sent           string
	Answer         string
	StartedAt      time.Time
	FinishedAt     *time.Time
}

// Said is what was sent, with personal data masked.
func (n *LogNotification) Said() string { return MaskPersonal(n.Sent) }

// Heard is the beginning of what was answered, with personal data masked. Shops answer in any words.
func (n *LogNotification) Heard() string {
	for _, mask := range []func(string) (string, bool){maskJSON, maskForm} {
		if text, ok := mask(n.Answer); ok {
			return text
		}
	}
	return maskLooks(n.Answer)
}

func (q *logQuery) ofNotices(f LogFilter, order *LogOrder) {
	q.cols = `a.id, a.notification_id, n.payment_id, n.order_id, a.store_id, coalesce(r.partner_order_id, '') AS partner_order_id, a.series, a.n, s2.most, s2.requester,
		a.channel, a.receiver, a.outcome, a.http_status, a.problem, a.sent, left(a.answer, 4000) AS answer, a.started_at, a.finished_at`
	q.at, q.id = "a.started_at", "a.id"
	q.each = `notification_attempts a JOIN notifications n ON n.id = a.notification_id JOIN notification_series s2 ON s2.notification_id = a.notification_id AND s2.n = a.series
		JOIN orders r ON r.id = n.order_id`
	q.and("a.store_id = s.id")
	if f.GofyndOrderID != "" {
		q.and("n.order_id = ANY (?)", ids(order))
	}
	q.equal("a.outcome", f.Outcome)
}
