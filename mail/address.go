package mail

import (
	"errors"
	netmail "net/mail"
	"regexp"
	"strings"
)

var (
	localPart  = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}$`)
	domainPart = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$`)
)

// CheckAddress says why an address cannot be written to, or nil. It takes a plain address of RFC 5321 in
// ASCII: no name around it, no quotes, no comments, nothing that could end a line.
func CheckAddress(address string) error {
	local, domain, found := strings.Cut(address, "@")
	switch {
	case address == "":
		return errors.New("there is no address")
	case len(address) > 254:
		return errors.New("it is longer than an address may be")
	case !found || !localPart.MatchString(local) || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, ".."):
		return errors.New("it is not an address such as name@example.com")
	case !domainPart.MatchString(domain):
		return errors.New("what stands behind its @ is not the name of a mail domain")
	}
	return nil
}

// ParseFrom reads who e-mails come from: orders@ruosh.example, or Ruosh <orders@ruosh.example>.
func ParseFrom(text string) (netmail.Address, error) {
	address, err := netmail.ParseAddress(text)
	if err != nil {
		return netmail.Address{}, errors.New("write it as orders@example.com or Shop <orders@example.com>")
	}
	if err := CheckAddress(address.Address); err != nil {
		return netmail.Address{}, err
	}
	return *address, nil
}
