package handlers

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// downloadPatience is how long a reader may take for one part of a file.
const downloadPatience = 30 * time.Second

// download passes a file on as it comes: its beginning at once, and no further than the reader follows.
type download struct {
	to      http.ResponseWriter
	control *http.ResponseController
	begun   bool
}

func newDownload(c echo.Context) *download {
	return &download{to: c.Response(), control: http.NewResponseController(c.Response())}
}

func (d *download) Write(part []byte) (int, error) {
	_ = d.control.SetWriteDeadline(time.Now().Add(downloadPatience)) // not every connection can
	n, err := d.to.Write(part)
	if err == nil && !d.begun {
		d.begun = true
		err = d.control.Flush()
	}
	_ = d.control.SetWriteDeadline(time.Time{})
	return n, err //nolint:wrapcheck // the reader left
}

// fileHeaders say what a file is, and that it is to be kept and not shown (RFC 6266).
func fileHeaders(c echo.Context, format, name string) {
	kinds := map[string]string{
		"csv":  "text/csv; charset=utf-8",
		"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, kinds[format])
	h.Set(echo.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", name))
	h.Set("Accept-Ranges", "none")
}

// digest is a SHA-256 as a header has it (RFC 9530).
func digest(sum []byte) string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum) + ":"
}
