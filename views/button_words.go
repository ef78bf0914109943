package views

import (
	"context"

	"github.com/kartify/kartify/lang"
)

// press is what a button says of what it does. In some languages "Capture" is one word as one does it and another
// as it is called afterwards.
func press(ctx context.Context, name string) string {
	switch name {
	case "Capture":
		return lang.Word(ctx, "button", "Capture")
	case "Refund":
		return lang.Word(ctx, "button", "Refund")
	case "Open":
		return lang.Word(ctx, "button", "Open")
	}
	return lang.T(ctx, name)
}
