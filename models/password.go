package models

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Passwords are kept as argon2id with 19 MiB, two passes and one lane, the profile OWASP names.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonLanes   = 1
	argonSalt    = 16
	argonKey     = 32
	shortestPass = 12
	longestPass  = 1024 // bytes: what a form may bring, not what people type
)

// hashing is a place for each password that is worked on at a time: 19 MiB each, whatever comes in.
var hashing = make(chan struct{}, 2)

//go:embed common_passwords.txt
var commonText string

// common are the words that most guessed passwords are made of.
var common = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(commonText) {
		words[word] = true
	}
	return words
}()

// CheckPassword says why password cannot be the one of the person with this e-mail address, or nil.
// Any characters will do. It is taken as it is, spaces and all.
func CheckPassword(password, email string) error {
	lower := strings.ToLower(password)
	name, _, _ := strings.Cut(strings.ToLower(email), "@")
	switch {
	case !utf8.ValidString(password):
		return FieldProblem("password", "This password holds bytes that are no characters.")
	case utf8.RuneCountInString(password) < shortestPass:
		return FieldProblem("password", "Use at least %d characters.", shortestPass)
	case len(password) > longestPass:
		return FieldProblem("password", "Use at most %d characters.", longestPass)
	case strings.Contains(lower, "kartify"):
		return FieldProblem("password", "Leave the word kartify out of the password.")
	case email != "" && strings.Contains(lower, strings.ToLower(email)), len(name) > 2 && strings.Contains(lower, name):
		return FieldProblem("password", "Leave your e-mail address out of the password.")
	case guessable(lower):
		return FieldProblem("password", "This is one of the passwords that are guessed first. Use several unrelated words.")
	}
	return nil
}

// guessable finds what guessing programs try first: few different characters, a run along the
// keyboard or the alphabet, a common word with digits around it, or the same word again and again.
func guessable(lower string) bool {
	different := map[rune]bool{}
	for _, r := range lower {
		different[r] = true
	}
	if len(different) <= 4 {
		return true
	}
	for _, row := range []string{"01234567890123456789", "09876543210987654321", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"} {
		if strings.Contains(row, lower) {
			return true
		}
	}
	word := strings.TrimFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, try := range []string{lower, word, plainLetters(lower), plainLetters(word)} {
		if common[try] || common[repeated(try)] {
			return true
		}
	}
	return false
}

// plainLetters undoes the usual disguise of letters: p@ssw0rd is password.
func plainLetters(text string) string {
	return strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s", "7", "t").Replace(text)
}

// repeated is the shortest piece that text is made of by repetition.
func repeated(text string) string {
	for n := 1; n <= len(text)/2; n++ {
		if len(text)%n == 0 && strings.Repeat(text[:n], len(text)/n) == text {
			return text[:n]
		}
	}
	return text
}

// hashPassword makes the PHC string that users.password_hash keeps.
func hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails
	key, err := argon(ctx, password, salt, argonTime, argonMemory, argonLanes, argonKey)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// checkPassword says whether password made this PHC string, and whether the string ought to be made anew.
func checkPassword(ctx context.Context, phc, password string) (ok, stale bool, err error) {
	var version int
	var memory, passes uint32
	var lanes uint8
	parts := strings.Split(phc, "$") // "", argon2id, v=, m=,t=,p=, salt, key
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false, errors.New("a password hash is not argon2id")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil {
		return false, false, fmt.Errorf("read a password hash: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, false, fmt.Errorf("read a password hash: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) == 0 || len(want) > 128 || passes == 0 || lanes == 0 {
		return false, false, errors.New("a password hash is damaged")
	}
	have, err := argon(ctx, password, salt, passes, memory, lanes, uint32(len(want))) //nolint:gosec // at most 128
	if err != nil {
		return false, false, err
	}
	stale = memory != argonMemory || passes != argonTime || lanes != argonLanes
	return subtle.ConstantTimeCompare(have, want) == 1, stale, nil
}

func argon(ctx context.Context, password string, salt []byte, passes, memory uint32, lanes uint8, length uint32) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
		return argon2.IDKey([]byte(password), salt, passes, memory, lanes, length), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a turn to check a password: %w", ctx.Err())
	}
}
