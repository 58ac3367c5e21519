// The one place where Asio, Beast and Process are compiled; see cmake/targets.cmake.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/process/v2/src.hpp>
