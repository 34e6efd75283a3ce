# format-check, format, tidy, cppcheck, and lint (all checks).
file(GLOB_RECURSE c_files CONFIGURE_DEPENDS src/*.[ch] include/*.h tests/*.[ch])
set(src_files ${c_files})
list(FILTER src_files INCLUDE REGEX "/src/.*\\.c$")

add_custom_target(format-check COMMAND clang-format --dry-run --Werror ${c_files} VERBATIM
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_custom_target(format COMMAND clang-format -i ${c_files} VERBATIM
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_custom_target(tidy COMMAND clang-tidy --quiet -p ${CMAKE_BINARY_DIR} ${src_files} VERBATIM
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_custom_target(cppcheck VERBATIM WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
	COMMAND cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr
		--error-exitcode=1 --suppressions-list=${CMAKE_SOURCE_DIR}/.cppcheck-suppressions
		-D_GNU_SOURCE -I include src)
add_custom_target(lint DEPENDS format-check tidy cppcheck)
