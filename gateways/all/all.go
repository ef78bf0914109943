// Package all lists the gateways of kartify. A new one is its folder and a line here.
package all

import (
	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/ccavenue"
	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/gateways/klarna"
	"github.com/kartify/kartify/gateways/paykeeper"
	"github.com/kartify/kartify/gateways/razorpay"
	"github.com/kartify/kartify/gateways/svea"
)

// Drivers in the order of Extensions > Payment.
var Drivers = []gateways.Driver{
	razorpay.Driver,
	ccavenue.Driver,
	klarna.Driver,
	svea.Driver,
	paykeeper.Driver,
	gofynd.Driver,
}

// ByCode is the driver of a code, such as "razorpay".
func ByCode(code string) (gateways.Driver, bool) {
	for _, driver := range Drivers {
		if driver.Code == code {
			return driver, true
		}
	}
	return gateways.Driver{}, false
}
