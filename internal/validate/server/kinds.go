package server

import (
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install" // The versions of each group, their defaults and conversions.
	admissionvalidation "k8s.io/kubernetes/pkg/apis/admissionregistration/validation"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	autoscalingvalidation "k8s.io/kubernetes/pkg/apis/autoscaling/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	coordinationvalidation "k8s.io/kubernetes/pkg/apis/coordination/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	discoveryvalidation "k8s.io/kubernetes/pkg/apis/discovery/validation"
	_ "k8s.io/kubernetes/pkg/apis/events/install"
	_ "k8s.io/kubernetes/pkg/apis/extensions/install"
	_ "k8s.io/kubernetes/pkg/apis/flowcontrol/install"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	nodevalidation "k8s.io/kubernetes/pkg/apis/node/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
	"k8s.io/kubernetes/pkg/apis/rbac"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	rbacvalidation "k8s.io/kubernetes/pkg/apis/rbac/validation"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	schedulingvalidation "k8s.io/kubernetes/pkg/apis/scheduling/validation"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	storagevalidation "k8s.io/kubernetes/pkg/apis/storage/validation"

	podutil "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/pod-security-admission/api"
)

// kind is how the API server treats the objects of one kind. The functions are those that its strategies call, and do
// before them what the strategies do.
type kind struct {
	namespaced bool
	create     func(kruntime.Object) field.ErrorList
	update     func(now, before kruntime.Object) field.ErrorList
}

// validate judges the creation of an object: its own rules first, then those of all metadata, as far as they say more.
func (k kind) validate(o kruntime.Object) field.ErrorList {
	errs := k.create(o)
	m, ok := o.(metav1.Object)
	if !ok {
		return errs
	}
	return append(errs, without(validation.ValidateObjectMetaAccessor(m, k.namespaced, path.ValidatePathSegmentName, field.NewPath("metadata")), errs)...)
}

// of makes a kind from functions over its internal type; update may be nil where nothing of the kind is fixed for good.
func of[T any](namespaced bool, create func(*T) field.ErrorList, update func(now, before *T) field.ErrorList) kind {
	k := kind{namespaced: namespaced, create: func(o kruntime.Object) field.ErrorList { return create(any(o).(*T)) }}
	if update != nil {
		k.update = func(now, before kruntime.Object) field.ErrorList {
			return update(any(now).(*T), any(before).(*T))
		}
	}
	return k
}

const namespaced, clusterWide = true, false

func group(g, k string) schema.GroupKind { return schema.GroupKind{Group: g, Kind: k} }

var kinds = map[schema.GroupKind]kind{
	group("", "Pod"):                   of(namespaced, pod, podUpdate),
	group("", "PodTemplate"):           of(namespaced, podTemplate, nil),
	group("", "ReplicationController"): of(namespaced, replicationController, nil),
	group("", "Service"):               of(namespaced, service, serviceUpdate),
	group("", "Endpoints"):             of(namespaced, corevalidation.ValidateEndpointsCreate, nil),
	group("", "ConfigMap"):             of(namespaced, corevalidation.ValidateConfigMap, corevalidation.ValidateConfigMapUpdate),
	group("", "Secret"):                of(namespaced, corevalidation.ValidateSecret, corevalidation.ValidateSecretUpdate),
	group("", "ServiceAccount"):        of(namespaced, corevalidation.ValidateServiceAccount, nil),
	group("", "Namespace"):             of(clusterWide, namespace, nil),
	group("", "ResourceQuota"):         of(namespaced, corevalidation.ValidateResourceQuota, corevalidation.ValidateResourceQuotaUpdate),
	group("", "LimitRange"):            of(namespaced, corevalidation.ValidateLimitRange, nil),
	group("", "PersistentVolumeClaim"): of(namespaced, claim, claimUpdate),
	group("", "PersistentVolume"):      of(clusterWide, volume, volumeUpdate),

	group("apps", "Deployment"):  of(namespaced, deployment, deploymentUpdate),
	group("apps", "StatefulSet"): of(namespaced, statefulSet, statefulSetUpdate),
	group("apps", "DaemonSet"):   of(namespaced, daemonSet, daemonSetUpdate),
	group("apps", "ReplicaSet"):  of(namespaced, replicaSet, replicaSetUpdate),

	group("batch", "Job"):     of(namespaced, job, jobUpdate),
	group("batch", "CronJob"): of(namespaced, cronJob, nil),

	group("autoscaling", "HorizontalPodAutoscaler"): of(namespaced, autoscaler, nil),

	group("policy", "PodDisruptionBudget"): of(namespaced, func(b *policy.PodDisruptionBudget) field.ErrorList {
		return policyvalidation.ValidatePodDisruptionBudget(b, policyvalidation.PodDisruptionBudgetValidationOptions{})
	}, nil),

	group("networking.k8s.io", "NetworkPolicy"): of(namespaced, func(p *networking.NetworkPolicy) field.ErrorList {
		return networkingvalidation.ValidateNetworkPolicy(p, networkingvalidation.ValidationOptionsForNetworking(p, nil))
	}, nil),
	group("networking.k8s.io", "Ingress"):      of(namespaced, networkingvalidation.ValidateIngressCreate, nil),
	group("networking.k8s.io", "IngressClass"): of(clusterWide, networkingvalidation.ValidateIngressClass, networkingvalidation.ValidateIngressClassUpdate),

	group("rbac.authorization.k8s.io", "Role"): of(namespaced, rbacvalidation.ValidateRole, nil),
	group("rbac.authorization.k8s.io", "ClusterRole"): of(clusterWide, func(r *rbac.ClusterRole) field.ErrorList {
		return rbacvalidation.ValidateClusterRole(r, rbacvalidation.ClusterRoleValidationOptions{})
	}, nil),
	group("rbac.authorization.k8s.io", "RoleBinding"):        of(namespaced, rbacvalidation.ValidateRoleBinding, rbacvalidation.ValidateRoleBindingUpdate),
	group("rbac.authorization.k8s.io", "ClusterRoleBinding"): of(clusterWide, rbacvalidation.ValidateClusterRoleBinding, rbacvalidation.ValidateClusterRoleBindingUpdate),

	group("scheduling.k8s.io", "PriorityClass"): of(clusterWide, schedulingvalidation.ValidatePriorityClass, schedulingvalidation.ValidatePriorityClassUpdate),
	group("storage.k8s.io", "StorageClass"):     of(clusterWide, storagevalidation.ValidateStorageClass, storagevalidation.ValidateStorageClassUpdate),
	group("storage.k8s.io", "CSIDriver"):        of(clusterWide, storagevalidation.ValidateCSIDriver, storagevalidation.ValidateCSIDriverUpdate),
	group("node.k8s.io", "RuntimeClass"):        of(clusterWide, nodevalidation.ValidateRuntimeClass, nodevalidation.ValidateRuntimeClassUpdate),
	group("coordination.k8s.io", "Lease"):       of(namespaced, coordinationvalidation.ValidateLease, nil),
	group("discovery.k8s.io", "EndpointSlice"):  of(namespaced, discoveryvalidation.ValidateEndpointSliceCreate, discoveryvalidation.ValidateEndpointSliceUpdate),

	group("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"):        of(clusterWide, admissionvalidation.ValidateValidatingAdmissionPolicy, nil),
	group("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): of(clusterWide, admissionvalidation.ValidateValidatingAdmissionPolicyBinding, nil),
	group("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"):   of(clusterWide, admissionvalidation.ValidateValidatingWebhookConfiguration, nil),
	group("admissionregistration.k8s.io", "MutatingWebhookConfiguration"):     of(clusterWide, admissionvalidation.ValidateMutatingWebhookConfiguration, nil),
}

// fixed reports that a field may not change.
func fixed(now, before any, path ...string) field.ErrorList {
	return validation.ValidateImmutableField(now, before, field.NewPath(path[0], path[1:]...))
}

func pod(p *core.Pod) field.ErrorList {
	podutil.DropDisabledPodFields(p, nil)
	options := podutil.GetValidationOptionsFromPodSpecAndMeta(&p.Spec, nil, &p.ObjectMeta, nil)
	options.ResourceIsPod = true
	return corevalidation.ValidatePodCreate(p, options)
}

func podUpdate(now, before *core.Pod) field.ErrorList {
	options := podutil.GetValidationOptionsFromPodSpecAndMeta(&now.Spec, &before.Spec, &now.ObjectMeta, &before.ObjectMeta)
	options.ResourceIsPod = true
	return corevalidation.ValidatePodUpdate(now, before, options)
}

// options of the pods of a template. What this Kubernetes has switched off is dropped first, as the server drops it.
func options(now, before *core.PodTemplateSpec) corevalidation.PodValidationOptions {
	podutil.DropDisabledTemplateFields(now, before)
	return podutil.GetValidationOptionsFromPodTemplate(now, before)
}

func podTemplate(t *core.PodTemplate) field.ErrorList {
	return corevalidation.ValidatePodTemplate(t, options(&t.Template, nil))
}

func replicationController(c *core.ReplicationController) field.ErrorList {
	return corevalidation.ValidateReplicationController(c, options(c.Spec.Template, nil))
}

func deployment(d *apps.Deployment) field.ErrorList {
	return appsvalidation.ValidateDeployment(d, options(&d.Spec.Template, nil))
}

func deploymentUpdate(now, before *apps.Deployment) field.ErrorList {
	errs := appsvalidation.ValidateDeploymentUpdate(now, before, options(&now.Spec.Template, &before.Spec.Template))
	return append(errs, fixed(now.Spec.Selector, before.Spec.Selector, "spec", "selector")...)
}

// statefulSet adds what Kubernetes judges since 1.34: before that it took any pod and any claim, and made none of them.
func statefulSet(s *apps.StatefulSet) field.ErrorList {
	podOptions := options(&s.Spec.Template, nil)
	errs := appsvalidation.ValidateStatefulSet(s, podOptions)
	claims := map[string]bool{}
	for i := range s.Spec.VolumeClaimTemplates {
		c := &s.Spec.VolumeClaimTemplates[i]
		claims[c.Name] = true
		errs = append(errs, corevalidation.ValidatePersistentVolumeClaimSpec(&c.Spec, field.NewPath("spec", "volumeClaimTemplates").Index(i).Child("spec"),
			corevalidation.ValidationOptionsForPersistentVolumeClaim(c, nil))...)
	}
	template := s.Spec.Template.DeepCopy()
	template.Spec.Hostname, template.Spec.Subdomain = "", ""
	var volumes []core.Volume
	for _, v := range template.Spec.Volumes {
		if !claims[v.Name] {
			volumes = append(volumes, v)
		}
	}
	for name := range claims {
		volumes = append(volumes, core.Volume{Name: name, VolumeSource: core.VolumeSource{PersistentVolumeClaim: &core.PersistentVolumeClaimVolumeSource{ClaimName: name}}})
	}
	template.Spec.Volumes = volumes
	return append(errs, without(corevalidation.ValidatePodTemplateSpec(template, field.NewPath("spec", "template"), podOptions), errs)...)
}

func statefulSetUpdate(now, before *apps.StatefulSet) field.ErrorList {
	return appsvalidation.ValidateStatefulSetUpdate(now, before, options(&now.Spec.Template, &before.Spec.Template))
}

func daemonSet(d *apps.DaemonSet) field.ErrorList {
	if d.Spec.TemplateGeneration < 1 {
		d.Spec.TemplateGeneration = 1
	}
	return appsvalidation.ValidateDaemonSet(d, options(&d.Spec.Template, nil))
}

func daemonSetUpdate(now, before *apps.DaemonSet) field.ErrorList {
	errs := appsvalidation.ValidateDaemonSetUpdate(now, before, options(&now.Spec.Template, &before.Spec.Template))
	return append(errs, fixed(now.Spec.Selector, before.Spec.Selector, "spec", "selector")...)
}

func replicaSet(s *apps.ReplicaSet) field.ErrorList {
	return appsvalidation.ValidateReplicaSet(s, options(&s.Spec.Template, nil))
}

func replicaSetUpdate(now, before *apps.ReplicaSet) field.ErrorList {
	return fixed(now.Spec.Selector, before.Spec.Selector, "spec", "selector")
}

// jobLabels are those that the server gives a job's pods and selects them by.
func jobLabels(j *batch.Job) {
	if j.Spec.ManualSelector != nil && *j.Spec.ManualSelector {
		return
	}
	uid := string(j.UID)
	labels := j.Spec.Template.Labels
	if labels == nil {
		labels = map[string]string{}
		j.Spec.Template.Labels = labels
	}
	for label, value := range map[string]string{batch.LegacyJobNameLabel: j.Name, batch.JobNameLabel: j.Name, batch.LegacyControllerUidLabel: uid, batch.ControllerUidLabel: uid} {
		if _, set := labels[label]; !set {
			labels[label] = value
		}
	}
	if j.Spec.Selector == nil {
		j.Spec.Selector = &metav1.LabelSelector{}
	}
	if j.Spec.Selector.MatchLabels == nil {
		j.Spec.Selector.MatchLabels = map[string]string{}
	}
	if _, set := j.Spec.Selector.MatchLabels[batch.ControllerUidLabel]; !set {
		j.Spec.Selector.MatchLabels[batch.ControllerUidLabel] = uid
	}
}

func job(j *batch.Job) field.ErrorList {
	jobLabels(j)
	return batchvalidation.ValidateJob(j, batchvalidation.JobValidationOptions{PodValidationOptions: options(&j.Spec.Template, nil), RequirePrefixedLabels: true})
}

func jobUpdate(now, before *batch.Job) field.ErrorList {
	jobLabels(now)
	jobLabels(before)
	o := batchvalidation.JobValidationOptions{PodValidationOptions: options(&now.Spec.Template, &before.Spec.Template), RequirePrefixedLabels: true}
	return batchvalidation.ValidateJobUpdate(now, before, o)
}

func cronJob(c *batch.CronJob) field.ErrorList {
	return batchvalidation.ValidateCronJobCreate(c, options(&c.Spec.JobTemplate.Spec.Template, nil))
}

// autoscaler adds what Kubernetes judges since 1.34: what it scales is named with its group.
func autoscaler(a *autoscaling.HorizontalPodAutoscaler) field.ErrorList {
	errs := autoscalingvalidation.ValidateHorizontalPodAutoscaler(a, autoscalingvalidation.HorizontalPodAutoscalerSpecValidationOptions{MinReplicasLowerBound: 1})
	at := field.NewPath("spec", "scaleTargetRef", "apiVersion")
	version, err := schema.ParseGroupVersion(a.Spec.ScaleTargetRef.APIVersion)
	switch {
	case err != nil:
		errs = append(errs, field.Invalid(at, a.Spec.ScaleTargetRef.APIVersion, err.Error()))
	case version.Group == "":
		errs = append(errs, field.Invalid(at, a.Spec.ScaleTargetRef.APIVersion, "apiVersion must specify API group"))
	}
	return errs
}

// service lists the one address that is given and takes a port for health checks, as the server does.
func service(s *core.Service) field.ErrorList {
	if s.Spec.Type == core.ServiceTypeLoadBalancer && s.Spec.ExternalTrafficPolicy == core.ServiceExternalTrafficPolicyLocal && s.Spec.HealthCheckNodePort == 0 {
		s.Spec.HealthCheckNodePort = 32767
	}
	if s.Spec.ClusterIP != "" && len(s.Spec.ClusterIPs) == 0 {
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	}
	return corevalidation.ValidateServiceCreate(s)
}

// serviceUpdate keeps the addresses that a stored service has, as the server does for a manifest without them.
func serviceUpdate(now, before *core.Service) field.ErrorList {
	service(before)
	if now.Spec.ClusterIP == "" && now.Spec.Type != core.ServiceTypeExternalName {
		now.Spec.ClusterIP, now.Spec.ClusterIPs = before.Spec.ClusterIP, before.Spec.ClusterIPs
	}
	return corevalidation.ValidateServiceUpdate(now, before)
}

// namespace adds what Pod Security admission says of its labels.
func namespace(n *core.Namespace) field.ErrorList {
	_, errs := api.PolicyToEvaluate(n.Labels, api.Policy{})
	return append(corevalidation.ValidateNamespace(n), errs...)
}

func claim(c *core.PersistentVolumeClaim) field.ErrorList {
	return corevalidation.ValidatePersistentVolumeClaim(c, corevalidation.ValidationOptionsForPersistentVolumeClaim(c, nil))
}

// claimUpdate judges the change of a claim that has its volume, of the size that was asked for.
func claimUpdate(now, before *core.PersistentVolumeClaim) field.ErrorList {
	now.Status.Phase, before.Status.Phase = core.ClaimBound, core.ClaimBound
	now.Status.Capacity, before.Status.Capacity = before.Spec.Resources.Requests, before.Spec.Resources.Requests
	return corevalidation.ValidatePersistentVolumeClaimUpdate(now, before, corevalidation.ValidationOptionsForPersistentVolumeClaim(now, before))
}

func volume(v *core.PersistentVolume) field.ErrorList {
	errs := corevalidation.ValidatePersistentVolume(v, corevalidation.ValidationOptionsForPersistentVolume(v, nil))
	if h := v.Spec.HostPath; h != nil && v.Spec.PersistentVolumeReclaimPolicy == core.PersistentVolumeReclaimRecycle && (h.Path == "" || h.Path == "/") {
		errs = append(errs, field.Forbidden(field.NewPath("spec", "persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'"))
	}
	return errs
}

func volumeUpdate(now, before *core.PersistentVolume) field.ErrorList {
	return corevalidation.ValidatePersistentVolumeUpdate(now, before, corevalidation.ValidationOptionsForPersistentVolume(now, before))
}
