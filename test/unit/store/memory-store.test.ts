import { MemoryStore } from '../../../src/store/memory-store.js'
import { storeContract } from '../../contract/store-contract.js'

storeContract('the memory store', async (ports) => new MemoryStore(ports))
