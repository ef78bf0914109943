package models

import "time"

// Timings are the durations that money, forms and sessions go by. All can be set by configuration.
type Timings struct {
	FormLifetime    time.Duration   // how long a money form may be sent after it was shown
	Lease           time.Duration   // how long an attempt may run before it counts as lost; more than CallTimeout
	CallTimeout     time.Duration   // one call to a gateway
	ResendAfter     time.Duration   // how long an unknown operation must stay absent from look-ups before the same key is sent again
	Sweep           time.Duration   // how often due operations, webhooks and partner updates are looked for
	LookupSteps     []time.Duration // pauses between look-ups of an unknown or pending operation; the last one repeats
	ReviewAfter     time.Duration   // when an operation that is still open goes to a person
	WebhookTries    int             // attempts to act on a webhook before it is left for a person
	PartnerTries    int             // attempts to tell the partner
	NotifyTries     int             // attempts to tell a shop of a payment, in each series
	NotifySteps     []time.Duration // pauses between them; the last one repeats
	SessionIdle     time.Duration
	SessionAbsolute time.Duration
	SecretOverlap   time.Duration // how long a replaced webhook secret is still accepted
	StatusDelay     time.Duration // how long a change of many orders can be called off after it was started
	LookupWindow    time.Duration // how old an order without money may be to be asked about at its provider
	LookupPage      int           // orders that one run of those look-ups asks about
	LookupRate      float64       // of those questions per second, to a gateway of a store
	DeclineAfter    time.Duration // how long a payment that failed, though a bank has numbered it, is doubted
}

// DefaultTimings are in force unless configured otherwise.
var DefaultTimings = Timings{
	FormLifetime: 30 * time.Minute,
	Lease:        45 * time.Second,
	CallTimeout:  20 * time.Second,
	ResendAfter:  30 * time.Second,
	Sweep:        10 * time.Second,
	LookupSteps: []time.Duration{
		15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour,
	},
	ReviewAfter:  7 * 24 * time.Hour,
	WebhookTries: 8,
	PartnerTries: 50,
	NotifyTries:  50,
	NotifySteps: []time.Duration{
		10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
	},
	SessionIdle:     15 * time.Minute,
	SessionAbsolute: 8 * time.Hour,
	SecretOverlap:   72 * time.Hour,
	StatusDelay:     time.Minute,
	LookupWindow:    7 * 24 * time.Hour,
	LookupPage:      200,
	LookupRate:      5,
	DeclineAfter:    48 * time.Hour,
}

func (t Timings) withDefaults() Timings {
	d := DefaultTimings
	set := func(have *time.Duration, def time.Duration) {
		if *have == 0 {
			*have = def
		}
	}
	set(&t.FormLifetime, d.FormLifetime)
	set(&t.Lease, d.Lease)
	set(&t.CallTimeout, d.CallTimeout)
	set(&t.ResendAfter, d.ResendAfter)
	set(&t.Sweep, d.Sweep)
	set(&t.ReviewAfter, d.ReviewAfter)
	set(&t.SessionIdle, d.SessionIdle)
	set(&t.SessionAbsolute, d.SessionAbsolute)
	set(&t.SecretOverlap, d.SecretOverlap)
	set(&t.StatusDelay, d.StatusDelay)
	set(&t.LookupWindow, d.LookupWindow)
	set(&t.DeclineAfter, d.DeclineAfter)
	if len(t.LookupSteps) == 0 {
		t.LookupSteps = d.LookupSteps
	}
	if t.WebhookTries == 0 {
		t.WebhookTries = d.WebhookTries
	}
	if t.PartnerTries == 0 {
		t.PartnerTries = d.PartnerTries
	}
	if t.NotifyTries == 0 {
		t.NotifyTries = d.NotifyTries
	}
	if len(t.NotifySteps) == 0 {
		t.NotifySteps = d.NotifySteps
	}
	if t.LookupPage == 0 {
		t.LookupPage = d.LookupPage
	}
	if t.LookupRate == 0 {
		t.LookupRate = d.LookupRate
	}
	return t
}

// lookupPause is how long to wait after the nth look-up, counted from 0.
func (t Timings) lookupPause(n int) time.Duration {
	return t.LookupSteps[min(n, len(t.LookupSteps)-1)]
}

// notifyPause is how long a shop is left alone after n attempts to tell it.
func (t Timings) notifyPause(n int) time.Duration {
	return t.NotifySteps[min(max(n, 1), len(t.NotifySteps))-1]
}
