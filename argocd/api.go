package argocd

import (
	"context"
	"errors"
	"io"

	accountpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/account"
	apppkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	sessionpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/session"
	versionpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/version"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	corev1 "k8s.io/api/core/v1"
)

// The calls that are used, each one gRPC method. Argo CD's generated clients want a *grpc.ClientConn, which gRPC-web
// cannot give, so the methods are named here.

const appService = "/application.ApplicationService/"

func invoke[Out any](ctx context.Context, c caller, what call, method string, in any) (*Out, error) {
	out := new(Out)
	err := c.do(ctx, what, func(ctx context.Context) error {
		*out = *new(Out) // a lost answer may have left a part behind
		return c.conn.Invoke(ctx, method, in, out)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c caller) version(ctx context.Context) (*versionpkg.VersionMessage, error) {
	return invoke[versionpkg.VersionMessage](ctx, c, call{name: "version"}, "/version.VersionService/Version", &emptypb.Empty{})
}

func (c caller) userInfo(ctx context.Context) (*sessionpkg.GetUserInfoResponse, error) {
	return invoke[sessionpkg.GetUserInfoResponse](ctx, c, call{name: "user info"}, "/session.SessionService/GetUserInfo", &sessionpkg.GetUserInfoRequest{})
}

// canI asks whether the account has a right; no error means that the server answered.
func (c caller) canI(ctx context.Context, resource, action, object string) (bool, error) {
	res, err := invoke[accountpkg.CanIResponse](ctx, c, call{name: "can-i"}, "/account.AccountService/CanI",
		&accountpkg.CanIRequest{Resource: resource, Action: action, Subresource: object})
	if err != nil {
		return false, err
	}
	return res.Value == "yes", nil
}

func (c caller) list(ctx context.Context, project string) (*v1alpha1.ApplicationList, error) {
	q := &apppkg.ApplicationQuery{}
	if project != "" {
		q.Projects = []string{project}
	}
	return invoke[v1alpha1.ApplicationList](ctx, c, call{name: "list Applications", right: "applications, get"}, appService+"List", q)
}

// get reads one Application; with refresh Argo CD compares it with Git first. A refresh is always "normal": while
// another one is in flight, "hard" was seen to answer with the old revision.
func (c caller) get(ctx context.Context, app AppRef, refresh bool) (*v1alpha1.Application, error) {
	q := &apppkg.ApplicationQuery{Name: &app.Name, AppNamespace: optional(app.Namespace)}
	if app.Project != "" {
		// Without the project, "does not exist" and "not permitted" are the same answer.
		q.Projects = []string{app.Project}
	}
	what := call{name: "get Application " + app.Name, right: app.right("get")}
	if refresh {
		normal := string(v1alpha1.RefreshTypeNormal)
		q.Refresh, what.slow, what.name = &normal, true, "refresh Application "+app.Name
	}
	return invoke[v1alpha1.Application](ctx, c, what, appService+"Get", q)
}

func (c caller) sync(ctx context.Context, app AppRef) error {
	// No revision: with auto-sync Argo CD refuses one, and without one it reads the branch afresh.
	q := &apppkg.ApplicationSyncRequest{Name: &app.Name, AppNamespace: optional(app.Namespace), Project: optional(app.Project), Prune: &app.Prune}
	_, err := invoke[v1alpha1.Application](ctx, c, call{name: "sync " + app.Name, right: app.right("sync")}, appService+"Sync", q)
	return err
}

func (c caller) terminate(ctx context.Context, app AppRef) error {
	q := &apppkg.OperationTerminateRequest{Name: &app.Name, AppNamespace: optional(app.Namespace), Project: optional(app.Project)}
	_, err := invoke[apppkg.OperationTerminateResponse](ctx, c, call{name: "terminate the operation of " + app.Name, right: app.right("sync")}, appService+"TerminateOperation", q)
	return err
}

func (c caller) tree(ctx context.Context, app AppRef) (*v1alpha1.ApplicationTree, error) {
	q := &apppkg.ResourcesQuery{ApplicationName: &app.Name, AppNamespace: optional(app.Namespace), Project: optional(app.Project)}
	return invoke[v1alpha1.ApplicationTree](ctx, c, call{name: "resource tree of " + app.Name, right: app.right("get")}, appService+"ResourceTree", q)
}

// resource reads one live object from the cluster, as JSON.
func (c caller) resource(ctx context.Context, app AppRef, o Object, version string) (string, error) {
	q := &apppkg.ApplicationResourceRequest{
		Name: &app.Name, AppNamespace: optional(app.Namespace), Project: optional(app.Project),
		ResourceName: &o.Name, Namespace: &o.Namespace, Group: &o.Group, Version: &version, Kind: &o.Kind,
	}
	res, err := invoke[apppkg.ApplicationResourceResponse](ctx, c, call{name: "get " + o.String(), right: app.right("get")}, appService+"GetResource", q)
	if err != nil {
		return "", err
	}
	return res.GetManifest(), nil
}

func (c caller) events(ctx context.Context, app AppRef, o Object, uid string) (*corev1.EventList, error) {
	q := &apppkg.ApplicationResourceEventsQuery{
		Name: &app.Name, AppNamespace: optional(app.Namespace), Project: optional(app.Project),
		ResourceNamespace: &o.Namespace, ResourceName: &o.Name, ResourceUID: &uid,
	}
	return invoke[corev1.EventList](ctx, c, call{name: "events of " + o.String(), right: app.right("get")}, appService+"ListResourceEvents", q)
}

// logs reads the last lines of a container, of its run before the last restart where previous is set.
func (c caller) logs(ctx context.Context, app AppRef, pod Object, container string, lines int64, previous bool) ([]string, error) {
	follow := false
	q := &apppkg.ApplicationPodLogsQuery{
		Name: &app.Name, AppNamespace: optional(app.Namespace), Project: optional(app.Project),
		Namespace: &pod.Namespace, PodName: &pod.Name, Container: &container, TailLines: &lines, Follow: &follow, Previous: &previous,
	}
	var out []string
	what := call{name: "logs of " + pod.String(), right: "logs, get, " + app.Project + "/" + app.Name}
	err := c.do(ctx, what, func(ctx context.Context) (err error) {
		out, err = c.readLogs(ctx, q)
		return err
	})
	return out, err
}

func (c caller) readLogs(ctx context.Context, q *apppkg.ApplicationPodLogsQuery) ([]string, error) {
	stream, err := c.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, appService+"PodLogs")
	if err != nil {
		return nil, err
	}
	if err := stream.SendMsg(q); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	var out []string
	for {
		entry := new(apppkg.LogEntry)
		err := stream.RecvMsg(entry)
		if errors.Is(err, io.EOF) || err == nil && entry.GetLast() {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, entry.GetContent())
	}
}

func (r AppRef) right(action string) string {
	return "applications, " + action + ", " + r.Project + "/" + r.Name
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
