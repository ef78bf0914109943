package models

// ReviewEvent is what moves an extension on its way through Fynd's review.
type ReviewEvent string

// The events.
const (
	ReviewSubmit  ReviewEvent = "submit"  // handed in, for the first time or again
	ReviewApprove ReviewEvent = "approve" // Fynd accepted it
	ReviewReject  ReviewEvent = "reject"  // Fynd rejected it, or wants a change
)

// After is the state that an event leads to, or false when it cannot happen in this one. What is accepted is published
// when it is public, and approved when it is private; handed in again, it is reviewed again from the beginning.
func (s ExtensionState) After(event ReviewEvent, distribution string) (ExtensionState, bool) {
	switch {
	case event == ReviewSubmit && s.known():
		return ExtensionUnderReview, true
	case s != ExtensionUnderReview:
		return "", false
	case event == ReviewReject:
		return ExtensionRejected, true
	case event == ReviewApprove && distribution == DistributionPublic:
		return ExtensionPublished, true
	case event == ReviewApprove && distribution == DistributionPrivate:
		return ExtensionApproved, true
	}
	return "", false
}

// ExtensionStates are all states, as an extension comes through them.
var ExtensionStates = []ExtensionState{ExtensionDevelopment, ExtensionUnderReview, ExtensionPublished, ExtensionApproved, ExtensionRejected}

func (s ExtensionState) known() bool {
	for _, state := range ExtensionStates {
		if state == s {
			return true
		}
	}
	return false
}

// Label is the state as Fynd Partners shows it.
func (s ExtensionState) Label() string {
	return map[ExtensionState]string{
		ExtensionDevelopment: "Development", ExtensionUnderReview: "Under Review", ExtensionPublished: "Published", ExtensionApproved: "Approved", ExtensionRejected: "Rejected",
	}[s]
}

// Label is the event as the history tells it.
func (e ReviewEvent) Label() string {
	return map[ReviewEvent]string{ReviewSubmit: "Submitted for review", ReviewApprove: "Accepted", ReviewReject: "Rejected"}[e]
}
