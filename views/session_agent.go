package views

import (
	"cmp"
	"context"
	"strings"

	"github.com/kartify/kartify/lang"
)

// browsers and systems are a sign in what a browser says of itself, and what it stands for. The first that fits
// counts: browsers also say the names of those they descend from.
var (
	browsers = []string{
		"Edg=Edge", "OPR/=Opera", "SamsungBrowser/=Samsung Internet", "YaBrowser/=Yandex Browser", "Vivaldi/=Vivaldi",
		"Firefox/=Firefox", "FxiOS/=Firefox", "CriOS/=Chrome", "Chrome/=Chrome", "Safari/=Safari",
	}
	systems = []string{"Windows=Windows", "Android=Android", "iPhone=iPhone", "iPad=iPad", "CrOS=ChromeOS", "Mac OS X=macOS", "Linux=Linux"}
)

// agentName is a browser as people know it, "Firefox on Windows", or what it says of itself when it is none we know.
func agentName(ctx context.Context, agent string) string {
	browser, system := known(browsers, agent), known(systems, agent)
	switch {
	case browser == "":
		return cmp.Or(agent, lang.T(ctx, "unknown browser"))
	case system == "":
		return browser
	}
	return lang.T(ctx, "%s on %s", browser, system)
}

func known(words []string, agent string) string {
	for _, word := range words {
		if sign, name, _ := strings.Cut(word, "="); strings.Contains(agent, sign) {
			return name
		}
	}
	return ""
}
