/** The wire's own numbers: clients rely on them, so nobody can set them. */
export const wireNumbers = {
  /** UTF-16 units of a name, after trimming. Zero is not a length: a name has at least one. */
  nameUnits: 50,
  /** UTF-16 units of a participant's or client's id, after trimming. Zero is not a length either. */
  idUnits: 64,
  /** UTF-16 units of a flight's or room's code, exactly, once it is cleaned. Zero is not a length either. */
  codeLength: 6,
  /** UTF-16 units of what is still cleaned to a code: some for each character of one, as much as mails and chats put in
   * between. What is longer costs nobody more than to see that. Zero would refuse every code. */
  pastedCodeUnits: 64
} as const
