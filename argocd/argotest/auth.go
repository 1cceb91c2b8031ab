package argotest

import (
	"context"
	"strings"

	accountpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/account"
	sessionpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/session"
	versionpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/version"
	"github.com/argoproj/argo-cd/v2/util/glob"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// allowed reports whether a policy of the account gives a right.
func (a Account) allowed(resource, action, object string) bool {
	for _, policy := range a.Policies {
		parts := strings.SplitN(policy, ",", 3)
		if len(parts) != 3 {
			continue
		}
		ok := true
		for i, asked := range []string{resource, action, object} {
			ok = ok && glob.Match(strings.TrimSpace(parts[i]), asked)
		}
		if ok {
			return true
		}
	}
	return false
}

// account is who calls; without accounts everybody may do everything.
func (s *Server) account(ctx context.Context) (Account, bool) {
	if s.opts.Accounts == nil {
		return Account{Policies: []string{"*, *, *"}}, true
	}
	md, _ := metadata.FromIncomingContext(ctx)
	for _, token := range md.Get("token") {
		if a, ok := s.opts.Accounts[token]; ok {
			return a, true
		}
	}
	return Account{}, false
}

var errNoSession = status.Error(codes.Unauthenticated, "no session information")

// intercept does what goes before every call: faults of the connection, and authentication.
func (s *Server) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	drop, after := s.admit(info.FullMethod)
	if drop && !after {
		s.listener.drop()
		return nil, status.Error(codes.Unavailable, "dropped")
	}
	if err := s.authenticate(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	res, err := handler(ctx, req)
	if drop {
		s.listener.drop()
	}
	return res, err
}

func (s *Server) interceptStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if drop, _ := s.admit(info.FullMethod); drop {
		s.listener.drop()
		return status.Error(codes.Unavailable, "dropped")
	}
	if err := s.authenticate(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return handler(srv, stream)
}

func (s *Server) admit(method string) (drop, after bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, method[strings.LastIndex(method, "/")+1:])
	if s.faults.DropCalls > 0 {
		s.faults.DropCalls--
		return true, s.faults.DropAfter
	}
	return false, false
}

func (s *Server) authenticate(ctx context.Context, method string) error {
	if strings.HasPrefix(method, "/session.") || strings.HasPrefix(method, "/version.") {
		return nil
	}
	if _, ok := s.account(ctx); !ok {
		return errNoSession
	}
	return nil
}

type versionService struct{ server *Server }

// Version answers without a sign-in.
func (v *versionService) Version(context.Context, *emptypb.Empty) (*versionpkg.VersionMessage, error) {
	version := v.server.opts.Version
	if version == "" {
		version = "v2.14.21+argotest"
	}
	return &versionpkg.VersionMessage{Version: version}, nil
}

type sessionService struct {
	sessionpkg.UnimplementedSessionServiceServer
	server *Server
}

// GetUserInfo says who is signed in, and nobody without an error.
func (s *sessionService) GetUserInfo(ctx context.Context, _ *sessionpkg.GetUserInfoRequest) (*sessionpkg.GetUserInfoResponse, error) {
	a, ok := s.server.account(ctx)
	return &sessionpkg.GetUserInfoResponse{LoggedIn: ok && a.Name != "", Username: a.Name, Iss: "argocd"}, nil
}

type accountService struct {
	accountpkg.UnimplementedAccountServiceServer
	server *Server
}

// CanI answers for the caller; logs are free where the server does not ask for the right.
func (s *accountService) CanI(ctx context.Context, r *accountpkg.CanIRequest) (*accountpkg.CanIResponse, error) {
	a, _ := s.server.account(ctx)
	if a.allowed(r.Resource, r.Action, r.Subresource) || r.Resource == "logs" && !s.server.opts.LogsRight {
		return &accountpkg.CanIResponse{Value: "yes"}, nil
	}
	return &accountpkg.CanIResponse{Value: "no"}, nil
}
