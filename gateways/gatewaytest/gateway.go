package gatewaytest

import (
	"context"
	"time"

	"github.com/kartify/kartify/gateways"
)

// What Bogus can do: everything.
var (
	_ gateways.Refunder = (*gateway)(nil)
	_ gateways.Capturer = (*gateway)(nil)
	_ gateways.Voider   = (*gateway)(nil)
	_ gateways.Updater  = (*gateway)(nil)
	_ gateways.Finder   = (*gateway)(nil)
)

type gateway struct{ b *Bogus }

func (g *gateway) Check(context.Context) error { return nil }

func (g *gateway) Refund(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return g.perform(ctx, req)
}

func (g *gateway) Capture(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return g.perform(ctx, req)
}

func (g *gateway) Void(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return g.perform(ctx, req)
}

func (g *gateway) Update(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return g.perform(ctx, req)
}

func (g *gateway) perform(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	outcome := g.arrive(req)
	if err := wait(ctx, g.b.Delay); err != nil {
		return gateways.Result{}, err
	}
	g.b.mu.Lock()
	defer g.b.mu.Unlock()
	verb := string(req.Verb)
	switch outcome {
	case Decline:
		return gateways.Result{}, &gateways.Error{Kind: gateways.Declined, Verb: verb, Status: 400, Code: "DECLINED", Message: "Bogus declines this."}
	case Busy:
		return gateways.Result{}, &gateways.Error{Kind: gateways.Unavailable, Verb: verb, Status: 429, Code: "BUSY", Message: "Bogus is busy.", After: time.Second}
	case Refuse:
		return gateways.Result{}, &gateways.Error{Kind: gateways.Misconfigured, Verb: verb, Status: 401, Code: "KEYS", Message: "Bogus does not accept these credentials."}
	case BreakDown:
		panic("Bogus broke down")
	case DropBefore:
		return gateways.Result{}, silence(verb)
	case Late:
		g.b.late = append(g.b.late, req)
		return gateways.Result{}, silence(verb)
	}
	effect := g.b.known(req)
	switch {
	case effect == nil || g.b.Class != gateways.ByKey:
		effect = g.b.happen(req, statusOf[outcome])
	case effect.Amount != req.Amount || effect.PaymentRef != req.PaymentRef:
		return gateways.Result{}, &gateways.Error{Kind: gateways.Unknown, Verb: verb, Status: 409, Code: "KEY", Message: "Bogus already holds another request under this key."}
	}
	result := effect.result()
	switch outcome {
	case DropAfter, PendDropped:
		return gateways.Result{}, silence(verb)
	case WrongAmount:
		result.Amount.Minor++
	}
	return result, nil
}

// statusOf is the state in which an effect begins.
var statusOf = map[Outcome]gateways.Status{
	Succeed: gateways.Succeeded, DropAfter: gateways.Succeeded, WrongAmount: gateways.Succeeded,
	Pend: gateways.Pending, PendDropped: gateways.Pending, Fail: gateways.Failed,
}

// arrive records a call and takes its outcome from the script.
func (g *gateway) arrive(req gateways.Request) Outcome {
	g.b.mu.Lock()
	defer g.b.mu.Unlock()
	outcome := Succeed
	if len(g.b.next) > 0 {
		outcome, g.b.next = g.b.next[0], g.b.next[1:]
	}
	g.b.calls = append(g.b.calls, Call{req, outcome})
	return outcome
}

// Find tells the first effect of the key, unless the script or Hide says otherwise.
func (g *gateway) Find(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	if err := wait(ctx, g.b.Delay); err != nil {
		return gateways.Result{}, err
	}
	g.b.mu.Lock()
	defer g.b.mu.Unlock()
	g.b.finds = append(g.b.finds, req)
	if len(g.b.nextFind) > 0 {
		outcome := g.b.nextFind[0]
		g.b.nextFind = g.b.nextFind[1:]
		switch outcome {
		case Busy:
			return gateways.Result{}, &gateways.Error{Kind: gateways.Unavailable, Verb: "find", Status: 429, Message: "Bogus is busy."}
		case Refuse:
			return gateways.Result{}, &gateways.Error{Kind: gateways.Misconfigured, Verb: "find", Status: 401, Message: "Bogus does not accept these credentials."}
		case DropBefore:
			return gateways.Result{}, silence("find")
		case BreakDown:
			panic("Bogus broke down")
		}
	}
	effect := g.b.known(req)
	if effect == nil || g.b.hidden {
		return gateways.Result{}, gateways.ErrAbsent
	}
	return effect.result(), nil
}

func silence(verb string) error {
	return &gateways.Error{Kind: gateways.Unknown, Verb: verb, Message: "Bogus did not answer."}
}
