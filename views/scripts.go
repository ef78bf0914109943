package views

import (
	"context"

	"github.com/kartify/kartify/lang"
)

// scripted are the sentences that app.js says by itself.
var scripted = []string{
	"Dismiss", "Copied", "Press Ctrl+C to copy", "Show", "Hide",
	"The server cannot be reached.", "No answer came. Reload the page to see whether it was done.", "The server answered with an error (%s).", "%s Request %s",
}

// rowActs are what the buttons and boxes of a row do; app.js has them say to which row.
var rowActs = map[string]string{"Select": "Select %s", "View": "View %s", "Copy": "Copy %s"}

// scriptWords are what app.js says, in the language of the page. A row's button or box stands under what it is
// called there: "Visa %s" for "View %s".
func scriptWords(ctx context.Context) map[string]string {
	words := map[string]string{}
	for _, sentence := range scripted {
		words[sentence] = lang.T(ctx, sentence)
	}
	for act, onRow := range rowActs {
		words[lang.T(ctx, act)+" %s"] = lang.T(ctx, onRow)
	}
	return words
}
