/** The constraint that a statement broke; undefined when it broke none. */
export async function constraintOf(statement: PromiseLike<unknown>): Promise<unknown> {
  try {
    await statement;
    return undefined;
  } catch (error) {
    if (error instanceof Error && "constraint_name" in error) return error.constraint_name;
    throw error;
  }
}
