// Walk meets every failpoint twice, and prints what each said.
package main

import (
	"fmt"

	"example.org/signet/internal/failpoint"
)

func main() {
	for range 2 {
		for _, p := range failpoint.Points {
			fmt.Println(p, failpoint.Hit(p))
		}
	}
}
