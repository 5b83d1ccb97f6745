// Which sessions have ended: the issuer's status lists (draft-ietf-oauth-status-list).
import { inflateSync } from 'node:zlib'
import { jwtVerify } from 'jose'

const largest = 1 << 20 // bytes of a list, unpacked
const retry = 5 // seconds between two tries while a list cannot be fetched

// Unavailable: nothing is known about the session.
export class Unavailable extends Error {}

// StatusLists fetches each list once in its time to live. While that fails, the
// last one serves until it expires: a logout is then heard late, but nobody is
// turned away.
export class StatusLists {
  #known = new Map() // URI → { bits, freshUntil, goodUntil }
  #asking = new Map() // URI → promise

  constructor(issuer, keys) {
    Object.assign(this, { issuer, keys })
  }

  // ended says whether the session behind a token's claims has ended.
  async ended(claims) {
    const place = claims.status?.status_list
    if (!place) return false // a token that is not a user's
    const bits = await this.#bitsOf(place.uri)
    const byte = bits[place.idx >> 3]
    if (byte === undefined) throw new Unavailable('the list is too short')
    return ((byte >> (place.idx & 7)) & 1) === 1
  }

  async #bitsOf(uri) {
    const known = this.#known.get(uri)
    if (known && Date.now() / 1000 < known.freshUntil) return known.bits
    if (!this.#asking.has(uri)) { // one fetch for all who wait
      this.#asking.set(uri, this.#renew(uri, known).finally(() => this.#asking.delete(uri)))
    }
    return this.#asking.get(uri)
  }

  async #renew(uri, last) {
    const now = Date.now() / 1000
    let next
    try {
      next = await this.#fetch(uri, now)
    } catch (cause) {
      if (!last || last.goodUntil <= now) throw new Unavailable(uri, { cause })
      next = { ...last, freshUntil: now + retry }
    }
    this.#known.set(uri, next)
    return next.bits
  }

  async #fetch(uri, now) {
    if (!uri.startsWith(this.issuer + '/')) throw new Error("not one of the issuer's lists")
    const answer = await fetch(uri, { signal: AbortSignal.timeout(5000), redirect: 'error' })
    if (!answer.ok) throw new Error('status list: ' + answer.status)
    const { payload } = await jwtVerify(await answer.text(), this.keys, {
      issuer: this.issuer,
      subject: uri,
      typ: 'statuslist+jwt',
      algorithms: ['RS256'],
      requiredClaims: ['iat', 'exp', 'ttl'],
      clockTolerance: 30,
    })
    const { bits, lst } = payload.status_list
    if (bits !== 1) throw new Error('not a status list of one bit each')
    return {
      bits: inflateSync(Buffer.from(lst, 'base64url'), { maxOutputLength: largest }),
      freshUntil: Math.min(payload.iat, now) + payload.ttl,
      goodUntil: payload.exp,
    }
  }
}
