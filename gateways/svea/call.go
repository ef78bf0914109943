package svea

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// get reads JSON, which Svea may begin with a byte order mark. With out nil the body is not looked at.
func (g *gateway) get(ctx context.Context, api *gateways.Client, verb, path string, out any) ([]byte, error) {
	answer, err := api.Do(ctx, gateways.Call{Verb: verb, Method: http.MethodGet, Path: path, Header: http.Header{"Accept": {"application/json"}}})
	if err != nil || out == nil {
		return answer.Body, err
	}
	body := bytes.TrimPrefix(answer.Body, byteOrderMark)
	if err := gateways.DecodeJSON(body, out); err != nil {
		return nil, &gateways.Error{Kind: gateways.Unknown, Verb: verb, Status: answer.Status, Message: "Svea answered something that could not be understood.", Err: err}
	}
	return body, nil
}

// change is one change of an order. Svea compares nothing: what is sent twice is done twice.
type change struct {
	method, path string
	body         any
}

// send sends a change once.
func (g *gateway) send(ctx context.Context, verb gateways.Verb, c change) (gateways.Answer, error) {
	body, err := gateways.EncodeJSON(c.body)
	if err != nil {
		return gateways.Answer{}, refusal(verb, "The request could not be written down; nothing was sent.")
	}
	header := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json; charset=utf-8"}}
	return g.admin.Do(ctx, gateways.Call{Verb: string(verb), Method: c.method, Path: c.path, Header: header, Body: body})
}

// receipt is what an accepted change says of itself.
type receipt struct {
	task     string // its number in the queue, or ""
	Delivery int64  `json:"DeliveryId"`
	Credit   int64  `json:"CreditId"`
}

var taskPath = regexp.MustCompile(`/api/v1/queue/([0-9]{1,19})$`)

// accepted understands a 2xx answer: 204 is done; 202 names a task, at our host and nowhere else; an answer
// with the id of what was made is as good. It says false of anything else.
func (g *gateway) accepted(answer gateways.Answer) (receipt, bool) {
	var r receipt
	body := bytes.TrimPrefix(answer.Body, byteOrderMark)
	if len(body) > 0 && gateways.DecodeJSON(body, &r) != nil {
		return receipt{}, false
	}
	if location := answer.Header.Get("Location"); location != "" {
		to, err := url.Parse(location)
		base, problem := url.Parse(g.admin.Base)
		if err != nil || problem != nil || to.Host != "" && (to.Host != base.Host || to.Scheme != base.Scheme) {
			return receipt{}, false
		}
		if found := taskPath.FindStringSubmatch(to.Path); found != nil {
			r.task = found[1]
		}
	}
	return r, answer.Status == http.StatusNoContent || r.task != "" || r.Delivery > 0 || r.Credit > 0
}

type task struct {
	Status string `json:"Status"`
}

// outcome is what became of a task.
type outcome int

const (
	working  outcome = iota // or nobody knows
	finished                // the order shows what came of it
	failed
)

// follow looks at a task until it ends, for some seconds. A task that ended is answered with 303 to what it
// made, which is not followed: the order is read instead.
func (g *gateway) follow(ctx context.Context, number string) outcome {
	if number == "" {
		return finished
	}
	for _, wait := range g.polls {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return working
		}
		answer, err := g.admin.Do(ctx, gateways.Call{Verb: "task", Method: http.MethodGet, Path: "/api/v1/queue/" + number, Header: http.Header{"Accept": {"application/json"}}})
		var e *gateways.Error
		if errors.As(err, &e) && e.Status == http.StatusSeeOther {
			return finished
		}
		if err != nil {
			return working // 404 after a while, or no answer: the order alone decides
		}
		var said task
		if gateways.DecodeJSON(bytes.TrimPrefix(answer.Body, byteOrderMark), &said) != nil {
			return working
		}
		switch strings.ToLower(said.Status) {
		case "completed":
			return finished
		case "failed":
			return failed
		case "inprogress":
		default:
			return working
		}
	}
	return working
}
