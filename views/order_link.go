package views

import "github.com/kartify/kartify/models"

func (v OrderView) linkPath(what string) string { return v.path() + "/payment-links" + what }

// linkOver is why there is no link.
func (v OrderView) linkOver() string {
	if v.Debited() {
		return models.ErrDebited.Error()
	}
	if v.Link.Link != nil {
		return "The order waits for no money any more; its link starts no payment."
	}
	return "The order waits for no money."
}
