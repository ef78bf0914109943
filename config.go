package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/kartify/kartify/mail"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/notify"
)

// Config is what `kartify serve` is told by flags or by the environment. Every wrong value is named at once.
type Config struct {
	Addr           string   `help:"Address to listen on." default:"127.0.0.1:8080" env:"KARTIFY_ADDR"`
	DatabaseURL    string   `help:"PostgreSQL to use, as a role that is not a superuser, so that its row level security holds." env:"DATABASE_URL"`
	ReplicaURL     string   `help:"A replica of it that reports and exports are read from." env:"DATABASE_REPLICA_URL"`
	MasterKey      string   `help:"Master keys, 32 bytes in base64 or hex each, the one in use first, separated by commas. They seal gateway secrets." env:"KARTIFY_MASTER_KEY"`
	MasterKeyFile  string   `help:"File with the master keys, instead of the variable." env:"KARTIFY_MASTER_KEY_FILE" type:"path"`
	PublicURL      string   `help:"Where people reach kartify: https://pay.example.com. Cookies, webhook addresses and cross-site protection go by it." env:"KARTIFY_PUBLIC_URL"`
	TrustedProxies []string `help:"Addresses or networks of proxies whose X-Forwarded-For is believed." env:"KARTIFY_TRUSTED_PROXIES"`
	TLSCert        string   `help:"Certificate file, to serve TLS without a proxy." env:"KARTIFY_TLS_CERT" type:"path"`
	TLSKey         string   `help:"Key file of the certificate." env:"KARTIFY_TLS_KEY" type:"path"`
	MaxConns       int32    `help:"Most database connections." default:"20" env:"KARTIFY_MAX_CONNS"`
	NoWorkers      bool     `help:"Serve pages only; another process does the background work." env:"KARTIFY_NO_WORKERS"`
	LogFormat      string   `help:"json or text." default:"json" enum:"json,text" env:"KARTIFY_LOG"`

	MetricsAddr string        `help:"Address for /metrics alone, such as 127.0.0.1:9090. Without it /metrics answers those who ask from this machine." env:"KARTIFY_METRICS_ADDR"`
	DrainPause  time.Duration `help:"After a stop, go on serving for this long while /readyz says no, so that the load balancer takes notice." default:"3s" env:"KARTIFY_DRAIN_PAUSE"`

	RazorpayURL  string `help:"Razorpay's API, when it is not the public one." env:"KARTIFY_RAZORPAY_URL"`
	FyndURL      string `help:"Fynd Platform, when it is not the public one." env:"KARTIFY_FYND_URL"`
	KlarnaURL    string `help:"Klarna's API, when it is not the public one." env:"KARTIFY_KLARNA_URL"`
	SveaURL      string `help:"Svea's APIs, below /checkout and /admin of it, when they are not the public ones." env:"KARTIFY_SVEA_URL"`
	PayKeeperURL string `help:"A PayKeeper server in place of the one in a store's settings." env:"KARTIFY_PAYKEEPER_URL"`
	CCAvenueURL  string `help:"CCAvenue, when it is not the public one." env:"KARTIFY_CCAVENUE_URL"`

	FyndFrames       []string `help:"Pages that may show the credential form of a Fynd payment extension in a frame." default:"https://fynd.com,https://*.fynd.com" env:"KARTIFY_FYND_FRAMES"`
	FyndEmptyGET     bool     `help:"Take the checksum of {} for Fynd's requests without a body, as its first boilerplate made it. It vouches for nothing that is asked." env:"KARTIFY_FYND_EMPTY_GET"`
	FyndClearSecrets bool     `help:"Tell Fynd stored credentials in the clear at /api/v1/secrets, and not only that there are some." env:"KARTIFY_FYND_CLEAR_SECRETS"`

	LookupWindow time.Duration `help:"Orders without money are asked about at their provider for this long." default:"168h" env:"KARTIFY_LOOKUP_WINDOW"`
	LookupPage   int           `help:"How many orders one run of those look-ups asks about." default:"200" env:"KARTIFY_LOOKUP_PAGE"`
	LookupRate   float64       `help:"How many of those questions are put per second to a gateway of a store." default:"5" env:"KARTIFY_LOOKUP_RATE"`
	DeclineAfter time.Duration `help:"A payment that its provider calls failed, though a bank has numbered it, is doubted for this long." default:"48h" env:"KARTIFY_DECLINE_AFTER"`

	SMTPURL  string `help:"Mail server that takes the e-mails to customers: smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465; ?ca=FILE trusts a certificate of your own. Without it every e-mail is noted as not sent." env:"KARTIFY_SMTP_URL"`
	MailFrom string `help:"Who the e-mails come from: orders@example.com or Shop <orders@example.com>. Without a name they carry the store's." env:"KARTIFY_MAIL_FROM"`

	NotifyTries    int             `help:"How often a shop is told of a payment until it has heard, in each series." default:"50" env:"KARTIFY_NOTIFY_TRIES"`
	NotifySteps    []time.Duration `help:"Pauses between those attempts; the last repeats." default:"10s,30s,1m,2m,5m,10m,30m,1h" env:"KARTIFY_NOTIFY_STEPS"`
	NotifyNetworks []string        `help:"Addresses or networks that shops may be told at besides the public internet, such as 10.1.0.0/16, also without TLS." env:"KARTIFY_NOTIFY_NETWORKS"`

	SessionIdle     time.Duration   `help:"A session ends after this long without a click." default:"15m" env:"KARTIFY_SESSION_IDLE"`
	SessionAbsolute time.Duration   `help:"A session ends after this long in any case." default:"8h" env:"KARTIFY_SESSION_ABSOLUTE"`
	FormLifetime    time.Duration   `help:"A money form can be sent for this long after it was shown." default:"30m" env:"KARTIFY_FORM_LIFETIME"`
	CallTimeout     time.Duration   `help:"Longest wait for a gateway's answer." default:"20s" env:"KARTIFY_CALL_TIMEOUT"`
	Lease           time.Duration   `help:"An attempt without a result counts as lost after this long; more than the call timeout." default:"45s" env:"KARTIFY_LEASE"`
	ResendAfter     time.Duration   `help:"An unknown operation must stay absent from look-ups for this long before the same key is sent again." default:"30s" env:"KARTIFY_RESEND_AFTER"`
	ReplicaLag      time.Duration   `help:"Reports and exports are read from DATABASE_URL while the replica is further behind than this." default:"30s" env:"KARTIFY_REPLICA_LAG"`
	Sweep           time.Duration   `help:"How often due work is looked for." default:"10s" env:"KARTIFY_SWEEP"`
	LookupSteps     []time.Duration `help:"Pauses between look-ups of an unknown operation; the last repeats." default:"15s,1m,5m,15m,1h" env:"KARTIFY_LOOKUP_STEPS"`
	StatusDelay     time.Duration   `help:"A change of many orders can be cancelled for this long after it was started." default:"60s" env:"KARTIFY_STATUS_DELAY"`
	SecretOverlap   time.Duration   `help:"A replaced webhook secret is still accepted for this long." default:"72h" env:"KARTIFY_SECRET_OVERLAP"`
}

// check names everything that is wrong, not only the first.
func (c *Config) check() error {
	var wrong []error
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if c.DatabaseURL == "" {
		add("DATABASE_URL is not set; it names the PostgreSQL to use, such as postgres://kartify@localhost/kartify")
	}
	if _, err := c.keys(); err != nil {
		add("KARTIFY_MASTER_KEY: %w", err)
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			add("KARTIFY_PUBLIC_URL is %q; write it as https://pay.example.com", c.PublicURL)
		}
	}
	for _, text := range c.TrustedProxies {
		_, prefixErr := netip.ParsePrefix(text)
		_, addrErr := netip.ParseAddr(text)
		if prefixErr != nil && addrErr != nil {
			add("KARTIFY_TRUSTED_PROXIES holds %q, which is neither an address nor a network such as 10.0.0.0/8", text)
		}
	}
	if _, _, err := net.SplitHostPort(c.MetricsAddr); c.MetricsAddr != "" && err != nil {
		add("KARTIFY_METRICS_ADDR is %q; write it as 127.0.0.1:9090", c.MetricsAddr)
	}
	if c.ReplicaURL != "" && c.ReplicaLag <= 0 {
		add("KARTIFY_REPLICA_LAG must be above zero")
	}
	if c.DrainPause < 0 {
		add("KARTIFY_DRAIN_PAUSE must not be below zero")
	}
	if _, err := c.mail(); err != nil {
		add("KARTIFY_SMTP_URL and KARTIFY_MAIL_FROM: %w", err)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		add("KARTIFY_TLS_CERT and KARTIFY_TLS_KEY go together")
	}
	for code, base := range c.addresses() {
		if u, err := url.Parse(base); base != "" && (err != nil || u.Host == "") {
			add("KARTIFY_%s_URL is %q; write it with its scheme and host", strings.ToUpper(strings.TrimPrefix(code, "go")), base)
		}
	}
	for _, page := range c.FyndFrames {
		if u, err := url.Parse(page); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || strings.ContainsAny(page, " ;,'\"") {
			add("KARTIFY_FYND_FRAMES holds %q; write each as https://platform.fynd.com or https://*.fynd.com", page)
		}
	}
	if _, err := c.guard(); err != nil {
		add("KARTIFY_NOTIFY_NETWORKS holds %w", err)
	}
	if c.NotifyTries <= 0 || c.NotifyTries > 1000 {
		add("KARTIFY_NOTIFY_TRIES must be from 1 to 1000")
	}
	for _, pause := range c.NotifySteps {
		if pause <= 0 {
			add("KARTIFY_NOTIFY_STEPS must be above zero")
		}
	}
	if c.LookupPage <= 0 || c.LookupRate <= 0 {
		add("KARTIFY_LOOKUP_PAGE and KARTIFY_LOOKUP_RATE must be above zero")
	}
	if c.Lease <= c.CallTimeout {
		add("KARTIFY_LEASE (%s) must be longer than KARTIFY_CALL_TIMEOUT (%s), or a slow answer counts as lost", c.Lease, c.CallTimeout)
	}
	for name, d := range map[string]time.Duration{
		"KARTIFY_SESSION_IDLE": c.SessionIdle, "KARTIFY_SESSION_ABSOLUTE": c.SessionAbsolute, "KARTIFY_FORM_LIFETIME": c.FormLifetime,
		"KARTIFY_CALL_TIMEOUT": c.CallTimeout, "KARTIFY_SWEEP": c.Sweep, "KARTIFY_STATUS_DELAY": c.StatusDelay, "KARTIFY_RESEND_AFTER": c.ResendAfter,
		"KARTIFY_LOOKUP_WINDOW": c.LookupWindow, "KARTIFY_DECLINE_AFTER": c.DeclineAfter,
	} {
		if d <= 0 {
			add("%s must be above zero", name)
		}
	}
	return errors.Join(wrong...)
}

// keys are the master keys, from the variable or the file.
func (c *Config) keys() (*models.Keyring, error) {
	text := c.MasterKey
	if c.MasterKeyFile != "" {
		data, err := os.ReadFile(c.MasterKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the master key: %w", err)
		}
		text = string(data)
	}
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("no master key is set; make one with: openssl rand -base64 32")
	}
	return models.NewKeyring(strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == ' ' })...)
}

// mail is the mail server, nil when none is named.
func (c *Config) mail() (*mail.Server, error) {
	switch {
	case c.SMTPURL == "" && c.MailFrom == "":
		return nil, nil //nolint:nilnil // none is a choice
	case c.SMTPURL == "" || c.MailFrom == "":
		return nil, errors.New("they go together")
	}
	return mail.Parse(c.SMTPURL, c.MailFrom) //nolint:wrapcheck // says what is wrong
}

// guard says where shops may be told of payments.
func (c *Config) guard() (notify.Guard, error) {
	var g notify.Guard
	for _, text := range c.NotifyNetworks {
		network, err := netip.ParsePrefix(text)
		if address, addrErr := netip.ParseAddr(text); addrErr == nil {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			return g, fmt.Errorf("%q, which is neither an address nor a network such as 10.1.0.0/16", text)
		}
		g.Networks = append(g.Networks, network)
	}
	return g, nil
}

func (c *Config) timings() models.Timings {
	return models.Timings{
		FormLifetime: c.FormLifetime, Lease: c.Lease, CallTimeout: c.CallTimeout, ResendAfter: c.ResendAfter, Sweep: c.Sweep, StatusDelay: c.StatusDelay,
		LookupSteps: c.LookupSteps, SessionIdle: c.SessionIdle, SessionAbsolute: c.SessionAbsolute, SecretOverlap: c.SecretOverlap,
		LookupWindow: c.LookupWindow, LookupPage: c.LookupPage, LookupRate: c.LookupRate, DeclineAfter: c.DeclineAfter,
		NotifyTries: c.NotifyTries, NotifySteps: c.NotifySteps,
	}
}

// addresses are the APIs named in place of the public ones, by gateway.
func (c *Config) addresses() map[string]string {
	return map[string]string{
		"razorpay": c.RazorpayURL, "gofynd": c.FyndURL, "klarna": c.KlarnaURL, "svea": c.SveaURL, "paykeeper": c.PayKeeperURL, "ccavenue": c.CCAvenueURL,
	}
}

func (c *Config) bases() map[string]string {
	bases := map[string]string{}
	for code, base := range c.addresses() {
		if base != "" {
			bases[code] = strings.TrimSuffix(base, "/")
		}
	}
	return bases
}
