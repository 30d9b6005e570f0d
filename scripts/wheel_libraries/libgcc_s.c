// Stands for the system's libgcc_s.so.1 when zig links the module: its functions for unwinding, with
// the versions of libgcc_s.map. Without it, zig would put an unwinder of its own into the module. But
// glibc's pthread_exit(), with which CPython before 3.14 ends threads that wait for the GIL when the
// interpreter ends, unwinds with libgcc_s, and the two can't read each other's data.
void _Unwind_Backtrace(void) {}
void _Unwind_DeleteException(void) {}
void _Unwind_FindEnclosingFunction(void) {}
void _Unwind_Find_FDE(void) {}
void _Unwind_ForcedUnwind(void) {}
void _Unwind_GetCFA(void) {}
void _Unwind_GetDataRelBase(void) {}
void _Unwind_GetGR(void) {}
void _Unwind_GetIP(void) {}
void _Unwind_GetIPInfo(void) {}
void _Unwind_GetLanguageSpecificData(void) {}
void _Unwind_GetRegionStart(void) {}
void _Unwind_GetTextRelBase(void) {}
void _Unwind_RaiseException(void) {}
void _Unwind_Resume(void) {}
void _Unwind_Resume_or_Rethrow(void) {}
void _Unwind_SetGR(void) {}
void _Unwind_SetIP(void) {}
