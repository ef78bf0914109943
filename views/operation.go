package views

import (
	"fmt"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

func operationName(op models.Operation) string {
	return map[gateways.Verb]string{gateways.Refund: "Refund", gateways.Capture: "Capture", gateways.Void: "Cancellation", gateways.Update: "Amount update"}[op.Kind]
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
func operationSentence(p *models.OrderPayment, op *models.Operation) string {
	gateway := gatewayName(p)
	if op.Source == "provider" && op.State == models.Succeeded {
		return fmt.Sprintf("Made in the portal of %s, not here. %s", gateway, returned(op))
	}
	switch op.State {
	case models.Queued:
		if op.Problem != "" {
			return fmt.Sprintf("Not sent to %s yet; it is tried again by itself.", gateway)
		}
		return fmt.Sprintf("Waiting to be sent to %s.", gateway)
	case models.Dispatching:
		return fmt.Sprintf("Being sent to %s.", gateway)
	case models.Accepted:
		return fmt.Sprintf("%s has accepted it and is working on it. This can take days; the page follows by itself.", gateway)
	case models.Succeeded:
		return returned(op)
	case models.Failed:
		return fmt.Sprintf("%s refused it: no money has moved, and %s is free again.", gateway, op.Amount().Grouped())
	case models.UnknownOutcome:
		return fmt.Sprintf("It was sent, and no answer came: nobody knows yet whether the money moved. %s is asked by itself, and %s stays set aside until it is known. Do not do it again elsewhere.", gateway, op.Amount().Grouped())
	case models.NeedsReview:
		return fmt.Sprintf("A person must look at the payment in the portal of %s; until then %s stays set aside.", gateway, op.Amount().Grouped())
	case models.AwaitingApproval:
		return "Somebody else must approve it before it is sent."
	}
	return "It was withdrawn before it was sent; no money has moved."
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
func attemptsLabel(op *models.Operation) string {
	if op.Attempts+op.Lookups == 0 {
		return fmt.Sprintf("%d %s from the gateway", len(op.Tries), plural(len(op.Tries), "message", "messages"))
	}
	parts := []string{fmt.Sprintf("%d %s", op.Attempts, plural(op.Attempts, "attempt", "attempts"))}
	if op.Lookups > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", op.Lookups, plural(op.Lookups, "look-up", "look-ups")))
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

func exchangeAnswer(e gateways.Exchange) string {
	took := e.Duration.Round(time.Millisecond)
	if e.Status == 0 {
		return fmt.Sprintf("No answer after %v", took)
	}
	return fmt.Sprintf("Answer %d after %v", e.Status, took)
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

func retryLabel(p *models.OrderPayment, op *models.Operation) string {
	if op.State == models.Queued {
		return "Try again now"
	}
	return "Ask " + gatewayName(p) + " now"
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
