package browser

import (
	"context"
	"slices"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// place is a document in which scripts can run: the page's own, or that of a frame.
type place struct {
	id     string // unique for the browser
	origin string // https://pay.example
}

// move keeps the documents that there are. The caller holds the lock.
func (t *Tab) move(event any) {
	switch e := event.(type) {
	case *runtime.EventExecutionContextCreated:
		if e.Context.Name == "" { // not one of an extension or a tool
			t.places = append(t.places, place{e.Context.UniqueID, e.Context.Origin})
		}
	case *runtime.EventExecutionContextDestroyed:
		t.places = slices.DeleteFunc(t.places, func(p place) bool { return p.id == e.ExecutionContextUniqueID })
	case *runtime.EventExecutionContextsCleared:
		t.places = nil
	}
}

// InFrame waits until a JavaScript expression is true in a frame that shows a page of an origin, such as
// http://127.0.0.1:8080, whatever that frame goes through meanwhile.
func (t *Tab) InFrame(origin, expression string) {
	t.tb.Helper()
	ctx := t.clock()
	for {
		t.mu.Lock()
		places := slices.Clone(t.places)
		t.mu.Unlock()
		for _, p := range slices.Backward(places) {
			if p.origin != origin {
				continue
			}
			here := func(params *runtime.EvaluateParams) { params.UniqueContextID = p.id }
			short, stop := context.WithTimeout(ctx, 2*time.Second)
			yes, err := chromedp.Run(short, chromedp.Evaluate[bool]("Boolean("+expression+")", here))
			stop()
			if err == nil && yes {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.tb.Fatalf("browser: wait in a frame of %s until %s", origin, expression)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
