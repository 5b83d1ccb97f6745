package adapters

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"example.org/signet/verify"
)

// Roles says which role each method needs, by its full name, such as
// /items.Items/Create. An empty one: any valid token. A method that is not listed
// is refused to everybody.
type Roles map[string]string

// StepUps says which sign-in a method needs beyond [Roles], by its full name.
type StepUps map[string]verify.Authentication

// Unary checks the sign-in of each unary call. It stands behind [Roles.Unary], which has put the
// claims in the context.
func (methods StepUps) Unary(now func() time.Time) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		required, listed := methods[info.FullMethod]
		if !listed {
			return next(ctx, req)
		}
		claims, ok := verify.FromContext(ctx)
		if !ok || required.Check(claims, now()) != nil {
			return nil, status.Error(codes.Unauthenticated, "insufficient_user_authentication: the user must sign in again, with a second factor")
		}
		return next(ctx, req)
	}
}

// Unary checks the token of each unary call and puts its claims in the context.
func (roles Roles) Unary(v *verify.Verifier) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		ctx, err := roles.admit(ctx, v, info.FullMethod)
		if err != nil {
			return nil, err
		}
		return next(ctx, req)
	}
}

// Stream is [Roles.Unary] for streams: the token is checked when one is opened.
func (roles Roles) Stream(v *verify.Verifier) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		ctx, err := roles.admit(stream.Context(), v, info.FullMethod)
		if err != nil {
			return err
		}
		return next(srv, admitted{stream, ctx})
	}
}

// admitted is a stream with the claims in its context.
type admitted struct {
	grpc.ServerStream
	ctx context.Context
}

func (s admitted) Context() context.Context { return s.ctx }

func (roles Roles) admit(ctx context.Context, v *verify.Verifier, method string) (context.Context, error) {
	token, ok := bearer(ctx)
	if !ok {
		return nil, status.Error(codes.Unauthenticated, "a bearer token is needed")
	}
	claims, err := v.Verify(ctx, token)
	switch {
	case errors.Is(err, verify.ErrExpired):
		return nil, status.Error(codes.Unauthenticated, "Token expired")
	case errors.Is(err, verify.ErrInvalidToken):
		return nil, status.Error(codes.Unauthenticated, "the access token is not valid")
	case err != nil: // outcome unknown is never a refusal
		return nil, status.Error(codes.Unavailable, "access tokens cannot be checked at the moment")
	}
	role, listed := roles[method]
	if !listed || role != "" && !claims.HasRole(role) {
		return nil, status.Error(codes.PermissionDenied, "the access token does not give this right")
	}
	return verify.NewContext(ctx, claims), nil
}

// bearer reads the one authorization entry of the call's metadata.
func bearer(ctx context.Context) (string, bool) {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}
