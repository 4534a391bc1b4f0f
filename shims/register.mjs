/** `node --import safeffi/register program.js`. */
import './register.cjs';
