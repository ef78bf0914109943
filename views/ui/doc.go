// Package ui holds the parts the screens are made of. A part takes plain values and shows them; it
// knows no record and no request. Every part works without JavaScript, and none writes a style
// attribute or an inline script, because the pages forbid both.
//
// What there is, by what it is for:
//
//	words      Badge Status Mark Icon Spinner Copy Amount Time Ago Avatar
//	messages   Problem Notice Banner EmptyState
//	the page   Heading Tabs Columns Column Panel PanelHead Facts Fact Code Payload
//	a list     List FilterForm Chips Table SortHeader PickAll Pick BulkBar Pager
//	a form     Form fields: Field Input Select Textarea Secret MaskedSecret Check Switch FormProblems CSRF
//	choices    MultiSelect DateRange Dropdown Later
//	windows    Dialog DialogLink DialogActions
//	progress   Steps OperationSteps Timeline Event
//
// Buttons are plain <button> and <a class="button">, with class "primary" (one to a form), "danger"
// (moves money or destroys), "quiet" (no frame) and "small". Classes for cells of a Table with
// Stack set, which become a card on a narrow screen: "lead", "amount", "main", "state", "sub",
// "aside"; cells with none of these are left out of the card. "wide" hides a
// column below 1280 px and "wider" one below 1600.
//
// Attributes that app.js understands: data-open on a row (the address Enter or a click opens; a link
// in the row serves as well), data-copy, data-dialog, data-close, data-dirty on a form that warns
// before it is left unsaved, data-match="amount" on a field that must repeat the field called amount
// before the form's button works, data-background on an element whose htmx polling must not keep a session alive,
// data-submit on a field that sends its form when it changes.
package ui
