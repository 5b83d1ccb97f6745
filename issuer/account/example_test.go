package account_test

import (
	"fmt"

	"example.org/signet/issuer/account"
)

func ExampleUsername() {
	for _, typed := range []string{"Alice", "ＡＬＩＣＥ", "alice ", "аlice"} {
		name, err := account.Username(typed)
		fmt.Println(name, err)
	}
	// Output:
	// alice <nil>
	// alice <nil>
	//  username holds a space
	//  username mixes letters of look-alike alphabets in one word
}
