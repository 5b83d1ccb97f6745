module example.com/items

go 1.26.4

require example.org/signet v0.0.0

require github.com/go-jose/go-jose/v4 v4.1.8 // indirect

replace example.org/signet => ../..
