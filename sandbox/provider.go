package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// provider is one side of one wire. A new one is a type with these methods and a line in
// everyProvider; what else it can do (be paid, refund in its own portal, send webhooks, show its
// portal) it says by having the methods of seller, teller, notifier and portal.
type provider interface {
	code() string         // "razorpay"
	prefixes() []string   // where its API is served, such as "/razorpay/v1"
	routes() []route      // its verbs
	refuse(refusal) reply // its own words for what any provider may answer
	resume()              // called once the journal is read: takes up what was pending
	unhide()              // called when the faults are deleted
}

// route is one call of a provider's API.
type route struct {
	pattern string             // method and path below the prefix, as http.ServeMux reads them
	verb    string             // what faults and the ledger call it
	effect  bool               // it may change something; it calls accept itself, where the work starts
	payment func(*call) string // the payment it is about, for faults of one payment; may be nil
	handle  func(*call) reply
}

// verber is a provider with a route that is one verb or another by what the request says.
type verber interface {
	verbOf(rt route, c *call) string
}

// lister is a verber whose routes do not name every verb there is.
type lister interface {
	verbs() []string // those that faults can be about, besides the routes'
}

// refusal is a reason any provider may have to answer without doing anything.
type refusal int

const (
	refusedPath  refusal = iota // there is no such path or method
	refusedCrash                // something broke inside
	refusedRate                 // too many requests
	refusedBusy                 // another operation on the same payment is in progress
	refusedSize                 // the request is too large
)

// everyProvider lists the providers.
func (s *Sandbox) everyProvider() []provider {
	return []provider{
		newRazorpay(s),
		newCCAvenue(s),
		newKlarna(s),
		newSvea(s),
		newPaykeeper(s),
		newFynd(s),
	}
}

// provider is the one with that code, or nil.
func (s *Sandbox) provider(code string) provider {
	for _, p := range s.providers {
		if p.code() == code {
			return p
		}
	}
	return nil
}

// verbsOf lists what a provider's faults can be about.
func verbsOf(p provider) []string {
	var verbs []string
	if several, ok := p.(lister); ok {
		verbs = several.verbs()
	}
	for _, rt := range p.routes() {
		if !slices.Contains(verbs, rt.verb) {
			verbs = append(verbs, rt.verb)
		}
	}
	return verbs
}

// mount serves a provider under each of its prefixes. What it does not know, it refuses itself.
func (s *Sandbox) mount(mux *http.ServeMux, p provider) {
	for _, prefix := range p.prefixes() {
		for _, rt := range p.routes() {
			method, path, _ := strings.Cut(rt.pattern, " ")
			mux.HandleFunc(method+" "+prefix+path, s.serve(p, rt))
		}
		mux.HandleFunc(prefix+"/", func(w http.ResponseWriter, _ *http.Request) { write(w, p.refuse(refusedPath)) })
	}
}
