package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"vigie/internal/org"
)

// Prefix begins every token, so that a scanner of source code knows a leaked one.
const Prefix = "vigie_"

// secretBytes is how random a token is: 256 bits.
const secretBytes = 32

// MaxLife bounds how long a token works; TokensEach how many a person has at work.
const (
	MaxLife    = 366 * 24 * time.Hour
	TokensEach = 20
)

// Digest is what is kept of a token: a SHA-256, since there is nothing to guess in 256
// random bits that a slow hash would protect, and every request is checked.
type Digest [sha256.Size]byte

// Token is what is known of a token without its secret.
type Token struct {
	ID         int64
	Person     int64
	Name       string // what its person calls it
	Role       org.Role
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt time.Time // to the minute; zero before the first use
	RevokedAt  time.Time // zero while it is not
}

// Works reports whether the token opens anything now, as far as it depends on itself.
func (t Token) Works(now time.Time) bool { return t.RevokedAt.IsZero() && now.Before(t.ExpiresAt) }

// newSecret makes a token's text and its digest.
func newSecret() (string, Digest) {
	var secret [secretBytes]byte
	// rand.Read never fails (crypto/rand).
	_, _ = rand.Read(secret[:])
	text := Prefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return text, sha256.Sum256([]byte(text))
}

// ParseToken gives the digest of a token's text; its error says nothing of the text.
func ParseToken(text string) (Digest, error) {
	encoded, ok := strings.CutPrefix(text, Prefix)
	if !ok {
		return Digest{}, fmt.Errorf("token: expected one that begins with %s", Prefix)
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(secret) != secretBytes || strings.ContainsAny(encoded, "\r\n") {
		return Digest{}, fmt.Errorf("token: expected %s and %d characters", Prefix, base64.RawURLEncoding.EncodedLen(secretBytes))
	}
	return sha256.Sum256([]byte(text)), nil
}
