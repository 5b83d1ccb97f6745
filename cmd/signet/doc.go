// Command signet is the binary: it reads settings, wires the parts together,
// and exits. Protocol, HTTP and storage are in other packages. Only this package uses
// the wall clock, the process's environment, and makes the logger.
//
// A setting has three sources, the first that names it wins:
//
//	--access-token-ttl 5m  ──►  SIGNET_ACCESS_TOKEN_TTL=5m  ──►  access-token-ttl: 5m in --config FILE  ──►  default
//
// What a command is told to do (names, roles, --yes) comes from its command
// line only, and secrets come from a terminal, standard input or a file, never
// from an argument that other users of the machine can see.
//
// The life of a server:
//
//	settings ─► listen ─► store ─► master key ─► keyring ─► issuer ─► endpoints ─► ready
//	   │ exit 2     │ exit 1, nothing written that was there before         │
//	                                                                   SIGTERM, SIGINT
//	                                                                        ▼
//	  exit 0 ◄─ store closed ◄─ requests in flight finish ◄─ stop accepting ◄─ readiness off, drain delay
package main
