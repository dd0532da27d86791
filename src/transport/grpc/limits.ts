/** Kuma's `maxMsgSize`, both ways and on both sides. */
export const MESSAGE_BYTES_MAX = 10 * 1024 * 1024

/**
 * Megabytes that Node keeps for one connection before it refuses new calls: a message of Kuma's size on each of a zone's
 * streams, both ways. Its own 10 would refuse a zone whose first large message has not left yet.
 */
export const SESSION_MEMORY_MB = 128
