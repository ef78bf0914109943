package models_test

import (
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

func TestCheckPassword(t *testing.T) {
	const guessed = "This is one of the passwords that are guessed first. Use several unrelated words."
	for _, tt := range []struct{ password, want string }{
		{"violet tram eats 9", ""},
		{"  spaces at both ends  ", ""},
		{"пароль из слов", ""},
		{"犬猫鳥魚馬牛羊豚鶏鹿熊狐", ""},
		{strings.Repeat("long words ", 20) + "x", ""},
		{"elevenchars", "Use at least 12 characters."},
		{"", "Use at least 12 characters."},
		{strings.Repeat("ab cd ef ", 200), "Use at most 1024 characters."},
		{"My-Kartify-2026", "Leave the word kartify out of the password."},
		{"asha12345678!", "Leave your e-mail address out of the password."},
		{"password1234", guessed},
		{"P@ssw0rd2026!", guessed},
		{"Welcome123456", guessed},
		{"dragondragon", guessed},
		{"aaaaaaaaaaaaaaaa", guessed},
		{"123456789012", guessed},
		{"qwertyuiopas", guessed},
		{"abcdefghijklmnop", guessed},
		{"bad \xff bytes here", "This password holds bytes that are no characters."},
	} {
		got := ""
		if err := models.CheckPassword(tt.password, "asha@ruosh.example"); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("CheckPassword(%q) = %q, want %q", tt.password, got, tt.want)
		}
	}
}
