package views

import (
	"context"
	"fmt"
	"strings"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// FyndInstallsView is the page of the companies that have installed an extension.
type FyndInstallsView struct {
	Extension *models.FyndExtension
	Rows      []models.FyndInstallRow
	Stores    []models.Store // that this person may link
	Person    *models.User
	CSRF      string
	Address   string // how Fynd reaches kartify
	Problem   string
	SDK       string // the version of Fynd's library whose requests ours equal
}

// FyndInstallsPath is the address of an extension's page of installs.
func FyndInstallsPath(extension int64) string {
	return fmt.Sprintf("/extensions/fynd/%d/installs", extension)
}

// FyndBase is the address of an extension at Fynd when it is not alone: it ends in /x/ and the API key. Alone, the
// address of kartify does as well.
func FyndBase(address string, e *models.FyndExtension) string {
	if strings.HasSuffix(strings.TrimRight(e.URL, "/"), "/x/"+e.APIKey) {
		return address + "/x/" + e.APIKey
	}
	return address
}

func (v FyndInstallsView) manages() bool { return v.Person.May(models.FyndManage) }

func (v FyndInstallsView) subscribePath(i models.FyndInstall) string {
	return fmt.Sprintf("%s/%d/subscriptions", FyndInstallsPath(v.Extension.ID), i.ID)
}

func (v FyndInstallsView) linkPath(a models.FyndApplication) string {
	return fmt.Sprintf("/extensions/fynd/%d/channels/%d/store", v.Extension.ID, a.ID)
}

// storeOptions are the stores to choose from for a channel. A store in force that this person does not see is not
// among them.
func (v FyndInstallsView) storeOptions(row models.FyndChannelRow) []ui.Option {
	options := []ui.Option{{Value: "0", Label: "No store", Chosen: row.Store == nil}}
	for _, store := range v.Stores {
		if store.ID != 0 {
			options = append(options, ui.Option{Value: fmt.Sprint(store.ID), Label: fmt.Sprintf("%s (%d)", store.Name, store.ID), Chosen: row.Store != nil && row.Store.ID == store.ID})
		}
	}
	return options
}

func tokenKind(state string) ui.Kind {
	if state == "none" {
		return ui.Bad
	}
	return ui.Good
}

// subscribeLabel is the button of a company's subscription.
func subscribeLabel(i models.FyndInstall) string {
	if i.SubscribedAt == nil {
		return "Subscribe"
	}
	return "Subscribe again"
}

// subscribeWhose is the button for those who do not see which company it belongs to.
func subscribeWhose(ctx context.Context, i models.FyndInstall) string {
	if i.SubscribedAt == nil {
		return lang.T(ctx, "Subscribe to the webhooks of company %s", i.CompanyID)
	}
	return lang.T(ctx, "Subscribe again to the webhooks of company %s", i.CompanyID)
}
