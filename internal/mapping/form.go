package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"time"

	"vigie/internal/likeness"
)

// Form is what is made of a text before it reaches our column.
type Form string

// The forms.
const (
	FormINSEE       Form = "insee"                // pads a code that lost its leading zeros: 1004 is 01004
	FormPostcode    Form = "postcode"             // the same for a postcode
	FormDepartement Form = "departement"          // 067, 67 and 1 are 67, 67 and 01
	FormOfINSEE     Form = "departement-of-insee" // the département of a commune: 67 of 67482, 974 of 97411
	FormDate        Form = "date"                 // a day in one of the file's forms
	FormNumber      Form = "number"               // without spaces between thousands, with a point
	FormUpper       Form = "upper"
	FormLower       Form = "lower"
	FormKey         Form = "key"
	FormName        Form = "name" // of a school: de L'Argonne is de l'Argonne, de Le Ban du Ban
)

var forms = []Form{
	FormINSEE, FormPostcode, FormDepartement, FormOfINSEE, FormDate, FormNumber, FormUpper, FormLower, FormKey, FormName,
}

// apply gives the text its form; wrong says what the text is not.
func (f Form) apply(file File, text string) (made, wrong string) {
	switch f {
	case FormINSEE, FormPostcode:
		return padded(text), ""
	case FormDepartement:
		return departement(text), ""
	case FormOfINSEE:
		return departementOfINSEE(padded(text)), ""
	case FormDate:
		return file.date(text)
	case FormNumber:
		return file.number(text)
	case FormUpper:
		return strings.ToUpper(text), ""
	case FormLower:
		return strings.ToLower(text), ""
	case FormName:
		return frenchName(text), ""
	default:
		return Slug(text), ""
	}
}

var shortCode = regexp.MustCompile(`^[0-9]{4}$`)

// padded gives back the zero that a spreadsheet took for the start of a number. Only one
// can be missing: no code begins with 00.
func padded(code string) string {
	if shortCode.MatchString(code) {
		return "0" + code
	}
	return code
}

// The small words of a name, as registers and joined columns leave them. La, Le and Les
// stay as they are: Jean de La Fontaine and Collège Les Indes are right.
var (
	particle   = regexp.MustCompile(`( )(De|Du|Des)( )`)
	elided     = regexp.MustCompile(`( )([DL])(['’])`)
	contracted = regexp.MustCompile(` de (Les?) `)
	beforeOpen = regexp.MustCompile(` de ([AEIOUÀÂÄÉÈÊËÎÏÔÖÛÜŒ])`)
)

func frenchName(name string) string {
	name = particle.ReplaceAllStringFunc(name, strings.ToLower)
	name = elided.ReplaceAllStringFunc(name, strings.ToLower)
	name = contracted.ReplaceAllStringFunc(name, func(words string) string {
		return map[string]string{" de Le ": " du ", " de Les ": " des "}[words]
	})
	return beforeOpen.ReplaceAllString(name, " d'$1")
}

var (
	threeDigits = regexp.MustCompile(`^0([0-9]{2}|2[AB])$`)
	oneDigit    = regexp.MustCompile(`^[1-9]$`)
)

func departement(code string) string {
	if found := threeDigits.FindStringSubmatch(code); found != nil {
		return found[1]
	}
	if oneDigit.MatchString(code) {
		return "0" + code
	}
	return code
}

func departementOfINSEE(insee string) string {
	length := 2
	if strings.HasPrefix(insee, "97") || strings.HasPrefix(insee, "98") {
		length = 3
	}
	return insee[:min(length, len(insee))]
}

// date reads a day in one of the file's forms.
func (f File) date(text string) (string, string) {
	for _, layout := range f.Dates {
		if day, err := time.Parse(layout, text); err == nil {
			return day.Format(time.DateOnly), ""
		}
	}
	shown := make([]string, len(f.Dates))
	for i, layout := range f.Dates {
		shown[i] = shownLayout.Replace(layout)
	}
	return text, "is not a date of the form " + strings.Join(shown, " or ")
}

var (
	shownLayout = strings.NewReplacer("2006", "yyyy", "01", "mm", "02", "dd")
	readLayout  = strings.NewReplacer("yyyy", "2006", "mm", "01", "dd", "02")
	dateForm    = regexp.MustCompile(`^(yyyy|mm|dd|[-/. ])+$`)
)

var plainNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// number drops the spaces between thousands (also the narrow and the unbreakable one) and
// the sign of the euro, and writes the decimals after a point.
func (f File) number(text string) (string, string) {
	made := strings.Map(func(c rune) rune {
		switch c {
		case ' ', '\u00a0', '\u202f', '\'', '€':
			return -1
		}
		return c
	}, text)
	switch f.Decimal {
	case ',':
		made = strings.ReplaceAll(made, ".", "")
	case '.':
		made = strings.ReplaceAll(made, ",", "")
	}
	made = strings.Replace(made, ",", ".", 1)
	if !plainNumber.MatchString(made) {
		return text, "is not a number such as 1 234,5"
	}
	return made, ""
}

// maxSlug is the length of the longest key that a table takes.
const maxSlug = 64

// Slug makes a key of texts: lower case, ASCII letters and digits, - between the words.
// The same texts always give the same key. One that would be too long is cut and ends with
// a digest of the whole, so that two long names do not become one.
func Slug(texts ...string) string {
	whole := strings.ReplaceAll(likeness.Plain(strings.Join(texts, " ")), " ", "-")
	if len(whole) <= maxSlug {
		return whole
	}
	sum := sha256.Sum256([]byte(whole))
	digest := hex.EncodeToString(sum[:4])
	return strings.TrimRight(whole[:maxSlug-len(digest)-1], "-") + "-" + digest
}
