package models

import (
	"maps"
	"slices"
)

// lately are the webhooks that were stored a short while ago: most that come again do so soon, and need not be
// read and looked for. It is two halves; when one is full the older one is forgotten.
type lately struct {
	young, old map[sameness]*Webhook
}

// latelyHalf is how many webhooks a half remembers.
const latelyHalf = 2048

// first is the webhook on disk that another one is the same as, nil when none is remembered.
func (l *lately) first(of sameness) *Webhook {
	if first := l.young[of]; first != nil {
		return first
	}
	return l.old[of]
}

// repeated is what was read of a webhook when it came the first time, if it came a short while ago with the
// same headers. It makes w as good as read.
func (in *intake) repeated(w *Webhook) bool {
	in.mu.Lock()
	first := in.lately.first(samenessOf(w))
	in.mu.Unlock()
	if first == nil || !maps.EqualFunc(first.Headers, w.Headers, slices.Equal) {
		return false
	}
	w.Mode, w.Event, w.EventID, w.ClaimedStoreID = first.Mode, first.Event, first.EventID, first.ClaimedStoreID
	w.PartnerOrderID, w.PaymentRef, w.OrderRef = first.PartnerOrderID, first.PaymentRef, first.OrderRef
	return true
}

// remember notes which webhooks are on disk now, without their bodies, and which are there no more.
func (in *intake) remember(together []*arrival) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, a := range together {
		if a.gone {
			delete(in.lately.young, samenessOf(a.w))
			delete(in.lately.old, samenessOf(a.w))
		}
		if a.duplicate || a.gone {
			continue
		}
		if len(in.lately.young) >= latelyHalf {
			in.lately.old, in.lately.young = in.lately.young, nil
		}
		if in.lately.young == nil {
			in.lately.young = map[sameness]*Webhook{}
		}
		first := *a.w
		first.Body = nil
		in.lately.young[samenessOf(&first)] = &first
	}
}
