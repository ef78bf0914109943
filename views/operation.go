package views

import (
	"context"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

func operationName(op models.Operation) string {
	return map[gateways.Verb]string{gateways.Refund: "Refund", gateways.Capture: "Capture", gateways.Void: "Cancellation", gateways.Update: "Amount update"}[op.Kind]
}

// refLabel is what the gateway's id of an operation is called.
func refLabel(op models.Operation) string {
	return map[gateways.Verb]string{gateways.Refund: "Refund ID", gateways.Capture: "Capture ID", gateways.Void: "Cancellation ID", gateways.Update: "Amount update ID"}[op.Kind]
}

// stateLabel is where an operation stands, in a word or two.
func stateLabel(s models.OperationState) string {
	if s == models.Accepted {
		return "Accepted"
	}
	return map[models.OperationState]string{
		models.AwaitingApproval: "Awaiting approval", models.Queued: "Queued", models.Dispatching: "Sending", models.Succeeded: "Done",
		models.Failed: "Failed", models.UnknownOutcome: "Unknown", models.NeedsReview: "Needs a person", models.Cancelled: "Cancelled",
	}[s]
}

func stateKind(s models.OperationState) ui.Kind {
	if s == models.Accepted {
		return ui.Busy
	}
	return ui.KindOf(string(s))
}

// operationSentence says truthfully where the money is.
func operationSentence(ctx context.Context, p *models.OrderPayment, op *models.Operation) string {
	gateway := gatewayName(p)
	if op.Source == "provider" && op.State == models.Succeeded {
		return lang.T(ctx, "Made in the portal of %s, not here. %s", gateway, lang.T(ctx, returned(op)))
	}
	switch op.State {
	case models.Queued:
		if op.Problem != "" {
			return lang.T(ctx, "Not sent to %s yet; it is tried again by itself.", gateway)
		}
		return lang.T(ctx, "Waiting to be sent to %s.", gateway)
	case models.Dispatching:
		return lang.T(ctx, "Being sent to %s.", gateway)
	case models.Accepted:
		return lang.T(ctx, "%s has accepted it and is working on it. This can take days; the page follows by itself.", gateway)
	case models.Succeeded:
		return lang.T(ctx, returned(op))
	case models.Failed:
		return lang.T(ctx, "%s refused it: no money has moved, and %s is free again.", gateway, inFigures(ctx, op.Amount()))
	case models.UnknownOutcome:
		return lang.T(ctx, "It was sent, and no answer came: nobody knows yet whether the money moved. %s is asked by itself, and %s stays set aside until it is known. Do not do it again elsewhere.", gateway, inFigures(ctx, op.Amount()))
	case models.NeedsReview:
		return lang.T(ctx, "A person must look at the payment in the portal of %s; until then %s stays set aside.", gateway, inFigures(ctx, op.Amount()))
	case models.AwaitingApproval:
		return lang.T(ctx, "Somebody else must approve it before it is sent.")
	}
	return lang.T(ctx, "It was withdrawn before it was sent; no money has moved.")
}

func returned(op *models.Operation) string {
	switch op.Kind {
	case gateways.Capture:
		return "The money is drawn."
	case gateways.Void:
		return "What was held is free again; the customer pays nothing of it."
	case gateways.Update:
		return "The new amount is held."
	}
	return "The money has been handed to the customer's bank, which may take some days to show it."
}

// attemptsLabel counts what was tried for an operation.
func attemptsLabel(ctx context.Context, op *models.Operation) string {
	if op.Attempts+op.Lookups == 0 {
		return lang.N(ctx, "%d message from the gateway", "%d messages from the gateway", len(op.Tries), len(op.Tries))
	}
	parts := []string{lang.N(ctx, "%d attempt", "%d attempts", op.Attempts, op.Attempts)}
	if op.Lookups > 0 {
		parts = append(parts, lang.N(ctx, "%d look-up", "%d look-ups", op.Lookups, op.Lookups))
	}
	return strings.Join(parts, ", ")
}

func tryName(kind string) string {
	return map[string]string{"send": "Sent", "lookup": "Looked up", "webhook": "Webhook"}[kind]
}

func tryKind(outcome string) ui.Kind {
	switch outcome {
	case "lost", "absent", "misconfigured", "unavailable":
		return ui.Attention
	case "declined":
		return ui.Bad
	case "pending":
		return ui.Busy
	}
	return ui.KindOf(outcome)
}

func tryOutcome(outcome string) string {
	switch outcome {
	case "":
		return "Under way"
	case "pending":
		return "Accepted"
	case "succeeded":
		return "Done"
	}
	return ui.Words(outcome)
}

func exchangeLabel(e gateways.Exchange) string {
	return strings.TrimSpace(e.Method + " " + e.URL)
}

func exchangeAnswer(ctx context.Context, e gateways.Exchange) string {
	took := e.Duration.Round(time.Millisecond)
	if e.Status == 0 {
		return lang.T(ctx, "No answer after %v", took)
	}
	return lang.T(ctx, "Answer %d after %v", e.Status, took)
}

func (v OrderView) mayRetry(op *models.Operation) bool {
	if !v.Person.May(models.OperationRetry) {
		return false
	}
	switch op.State {
	case models.UnknownOutcome, models.Accepted, models.NeedsReview:
		return true
	case models.Queued:
		return op.Problem != ""
	}
	return false
}

func retryLabel(ctx context.Context, p *models.OrderPayment, op *models.Operation) string {
	if op.State == models.Queued {
		return lang.T(ctx, "Try again now")
	}
	return lang.T(ctx, "Ask %s now", gatewayName(p))
}

// reasonName is a reason of RefundReasons as people read it.
func reasonName(value string) string {
	for _, c := range models.RefundReasons {
		if c.Value == value {
			return c.Label
		}
	}
	return value
}
