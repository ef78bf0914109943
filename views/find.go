package views

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// FindView is what the finder came up with, as one person may see it.
type FindView struct {
	*models.Found
	Choices  *models.PaymentChoices
	Gateways []ui.Option
	Person   *models.User
}

// FindPath is the finder with a text.
func FindPath(text string) string { return withQuery("/find", url.Values{"q": {text}}) }

// kindWords say what the text was taken for.
func (v FindView) kindWords(ctx context.Context) string {
	kinds := make([]string, len(v.Kinds))
	for i, kind := range v.Kinds {
		kinds[i] = lang.T(ctx, kind)
	}
	switch n := len(kinds); n {
	case 0:
		return ""
	case 1:
		return lang.T(ctx, "Looked for as %s.", kinds[0])
	default:
		return lang.T(ctx, "Looked for as %s or %s.", strings.Join(kinds[:n-1], ", "), kinds[n-1])
	}
}

func (v FindView) ordersPath() string {
	f := models.OrderFilter{Q: v.Sought}
	for _, status := range v.Choices.Statuses {
		f.Statuses = append(f.Statuses, status.Code)
	}
	return OrdersPath(f)
}

func (v FindView) customerPath(c models.FoundCustomer) string {
	f := models.OrderFilter{Q: c.Email}
	if f.Q == "" {
		f.Q = c.Name
	}
	return OrdersPath(f)
}

func (v FindView) list() PaymentListView {
	return PaymentListView{Choices: v.Choices, Gateways: v.Gateways, Person: v.Person, Now: v.Now}
}

// upToFound is how many of a group are shown; one more was read only to know that there are more.
const upToFound = 10

func shown[T any](list []T) []T { return list[:min(len(list), upToFound)] }

func foundCount[T any](list []T) string {
	if len(list) > upToFound {
		return fmt.Sprintf("%d+", upToFound)
	}
	return fmt.Sprint(len(list))
}
