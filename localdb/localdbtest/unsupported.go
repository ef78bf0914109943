//go:build !linux && !darwin

package localdbtest

import (
	"context"
	"errors"
)

func baseDir() (string, error) {
	return "", errors.New("on this system set KARTIFY_TEST_DATABASE_URL to a PostgreSQL whose role may create databases")
}

func joinServer(context.Context, string) (*host, error) { return nil, nil }
