package ui

import "github.com/kartify/kartify/lang"

// A Step is one stage of something that takes a while.
type Step struct {
	Label string
	State StepState
	Note  string // such as a time
}

// StepState is how far a step has come.
type StepState string

// The states of a step.
const (
	StepDone    StepState = "done"
	StepNow     StepState = "now"
	StepAhead   StepState = "ahead"
	StepFailed  StepState = "failed"
	StepUnknown StepState = "unknown" // no answer came; it is being looked up, or a person must look
)

// said is the state in words, for those who do not see its mark.
func (s StepState) said() string {
	switch s {
	case StepDone:
		return lang.Textf("done").Format
	case StepNow:
		return lang.Textf("under way").Format
	case StepFailed:
		return lang.Textf("failed").Format
	case StepUnknown:
		return lang.Textf("unknown").Format
	}
	return lang.Textf("not yet").Format
}

// stepsOf tells the life of a money operation as four steps: asked, sent, accepted, done.
func stepsOf(state string) []Step {
	steps := []Step{{Label: "Queued"}, {Label: "Sent"}, {Label: "Accepted"}, {Label: "Done"}}
	reach := func(done int, now StepState, label string) []Step {
		for i := range steps {
			steps[i].State = StepAhead
			if i < done {
				steps[i].State = StepDone
			}
		}
		if done < len(steps) {
			steps[done].State = now
			if label != "" {
				steps[done].Label = label
			}
		}
		return steps
	}
	switch state {
	case "requested", "queued":
		return reach(0, StepNow, "")
	case "awaiting_approval":
		return reach(0, StepUnknown, "Waiting for approval")
	case "dispatching", "sent":
		return reach(1, StepNow, "Sending")
	case "pending", "accepted":
		return reach(3, StepNow, "Gateway is working")
	case "succeeded", "done":
		return reach(4, StepDone, "")
	case "failed":
		return reach(2, StepFailed, "Failed")[:3]
	case "cancelled", "rejected":
		return reach(0, StepFailed, Words(state))[:1]
	case "needs_review":
		return reach(2, StepUnknown, "Needs a person")
	}
	return reach(2, StepUnknown, "No answer yet")
}
