package adapters_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"example.com/adapters"
	"example.org/signet/verify/verifytest"
)

// The health service that comes with gRPC stands for one's own: Check is for
// everybody with a token, Watch, a stream, for admins, List for nobody.
func TestGRPC(t *testing.T) {
	issuer, token, v := start(t)
	roles := adapters.Roles{healthpb.Health_Check_FullMethodName: "", healthpb.Health_Watch_FullMethodName: "admin"}
	server := grpc.NewServer(grpc.UnaryInterceptor(roles.Unary(v)), grpc.StreamInterceptor(roles.Stream(v)))
	healthpb.RegisterHealthServer(server, health.NewServer())
	client := dial(t, server)

	check := func(ctx context.Context) error {
		_, err := client.Check(ctx, &healthpb.HealthCheckRequest{})
		return err
	}
	watch := func(ctx context.Context) error {
		stream, err := client.Watch(ctx, &healthpb.HealthCheckRequest{})
		if err == nil {
			_, err = stream.Recv()
		}
		return err
	}
	list := func(ctx context.Context) error {
		_, err := client.List(ctx, &healthpb.HealthListRequest{})
		return err
	}
	old := token("admin")
	issuer.Advance(time.Hour)
	for _, c := range []struct {
		what, token string
		call        func(context.Context) error
		code        codes.Code
	}{
		{"no token", "", check, codes.Unauthenticated},
		{"no token, a stream", "", watch, codes.Unauthenticated},
		{"an expired one", old, check, codes.Unauthenticated},
		{"a damaged one", token("user") + "A", check, codes.Unauthenticated},
		{"a user", token("user"), check, codes.OK},
		{"a user where admins may", token("user"), watch, codes.PermissionDenied},
		{"an admin", token("admin"), watch, codes.OK},
		{"an admin where nobody may", token("admin"), list, codes.PermissionDenied},
	} {
		if err := c.call(calling(t, c.token)); status.Code(err) != c.code {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	issuer.SetHandler(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	issuer.Advance(5 * time.Hour)
	if err := check(calling(t, token("user"))); status.Code(err) != codes.Unavailable {
		t.Errorf("with the issuer down: %v", err)
	}
}

// calling is the context of a call with a token.
func calling(t *testing.T, token string) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// dial serves on a loopback address. A real server has TLS: tokens are secrets.
func dial(t *testing.T, server *grpc.Server) healthpb.HealthClient {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return healthpb.NewHealthClient(conn)
}

func TestGRPC_StepUp(t *testing.T) {
	issuer, _, v := start(t)
	roles, stepUps := adapters.Roles{healthpb.Health_Check_FullMethodName: ""}, adapters.StepUps{healthpb.Health_Check_FullMethodName: adapters.StepUp}
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(roles.Unary(v), stepUps.Unary(issuer.Now)))
	healthpb.RegisterHealthServer(server, health.NewServer())
	client := dial(t, server)
	for acr, want := range map[string]codes.Code{"urn:signet:1fa": codes.Unauthenticated, "urn:signet:2fa": codes.OK} {
		token := issuer.Token(api, func(c verifytest.Claims) { c["acr"], c["auth_time"] = acr, issuer.Now().Unix() })
		if _, err := client.Check(calling(t, token), &healthpb.HealthCheckRequest{}); status.Code(err) != want {
			t.Errorf("%s: %v, want %v", acr, err, want)
		}
	}
}
