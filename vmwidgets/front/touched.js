// Who is right about a field: the hand, from the first touch until the kernel has taken what the hand has left there.

/**
 * @param {HTMLElement} el
 * @param {AbortSignal} signal
 */
export function touched(el, signal) {
  let [is, since] = [false, false];
  const touch = () => {
    is = true;
    since = true;
  };
  el.addEventListener("input", touch, { signal });
  return {
    get is() {
      return is;
    },
    /** What stands there now is on its way to the kernel, which may refuse it. */
    sent() {
      since = false;
    },
    /** The kernel has taken what was sent; what was written since is not in it. */
    taken() {
      is = since;
    },
    /** What stands there can no longer be changed: it is the kernel's, whatever was written meanwhile. */
    drop() {
      is = false;
      since = false;
    },
  };
}
