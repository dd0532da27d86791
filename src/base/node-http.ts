/**
 * Node's HTTP/1. A module that imports `node:http` by name makes Node read every member of it, and reading `WebSocket` loads the
 * whole of undici, which costs each process of a lab 5 % of its start.
 */
export const { Agent, createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http')
