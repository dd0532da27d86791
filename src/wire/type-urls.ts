/** What an Any says it holds. Names of messages are the protobuf packages' (proto/SOURCE.md). */
export const TYPE_URL_PREFIX = 'type.googleapis.com/'

/** The payload of every resource on KDS. */
export const KUMA_RESOURCE_URL = `${TYPE_URL_PREFIX}kuma.mesh.v1alpha1.KumaResource`
