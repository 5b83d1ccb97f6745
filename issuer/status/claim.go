package status

import (
	"strconv"

	"example.org/signet/internal/strictjson"
)

// Reference is the member status_list of a token's claim status (§6.2).
type Reference struct {
	Index int64  `json:"idx"`
	URI   string `json:"uri"`
}

// Claim is the claim status of an access token.
type Claim struct {
	List Reference `json:"status_list"`
}

// maxClaimMembers bounds the members of each of the claim's two objects.
const maxClaimMembers = 16

// ParseClaim reads the JSON text of a claim status. It compares names exactly, and ignores
// those of other mechanisms than status_list (§6.1).
func ParseClaim(text string) (*Claim, bool) {
	var buf [4]strictjson.Member
	members, err := strictjson.Object(buf[:0], []byte(text), maxClaimMembers)
	if err != nil {
		return nil, false
	}
	c := new(Claim)
	for _, m := range members {
		if m.Name == "status_list" && !c.List.parse(m.Value) {
			return nil, false
		}
	}
	return c, true
}

func (r *Reference) parse(text string) bool {
	var buf [4]strictjson.Member
	members, err := strictjson.Object(buf[:0], []byte(text), maxClaimMembers)
	if err != nil {
		return false
	}
	for _, m := range members {
		ok := true
		switch m.Name {
		case "idx":
			r.Index, err = strconv.ParseInt(m.Value, 10, 64)
			ok = err == nil
		case "uri":
			r.URI, ok = strictjson.String(m.Value)
		}
		if !ok {
			return false
		}
	}
	return true
}
